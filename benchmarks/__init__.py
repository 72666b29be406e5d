"""Measurements against a peer in the same run; each prints a ratio."""
