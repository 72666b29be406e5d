"""`doctor`: whether a stage can sign people in, asked of AWS, Logto and Twilio side by side.

Each check is a small function in `aws`, `product`, `logto` or `twilio`, over a `Context`; `checks`
has all of them in order, and `run` asks them.
"""
