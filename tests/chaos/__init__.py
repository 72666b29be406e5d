"""Codes through the real thing while everything around it fails: `python -m tests.chaos`."""
