"""Ranked postings for a seeker, and scores for pairs."""
