"""Makes what `chalice package` wrote small and warm: less in it, and nothing left to compile."""
