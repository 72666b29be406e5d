"""What `doctor` finds, by what it looks at."""
