"""`doctor`: whether a stage can sign people in, asked of AWS, Logto and Twilio side by side.

Each check is a small function over a `Context`, in the module of what it looks at; `checks` has all
of them in order, and `run` asks them.
"""
