"""Whether this process and what it depends on can work."""
