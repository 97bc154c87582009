"""What a seeker's own page says: figures, and what happened lately."""
