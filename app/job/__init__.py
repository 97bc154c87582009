"""Postings: listed, read, published, closed, and pushed to the serving layer."""
