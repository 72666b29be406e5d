"""Makes the layer small and warm."""
