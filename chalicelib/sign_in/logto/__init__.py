"""Everything that knows Logto and its SDK."""
