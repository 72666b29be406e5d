"""From API Gateway's requests to the product, and from its results to answers."""
