"""A seeker's saved postings and applications."""
