"""`status`: what a stage is doing now, and how its last 24 hours went.

`figures` reads the product's metrics, `snapshot` puts them beside what else is known of the stage,
`view` draws that, and `command` shows it once or again and again.
"""
