"""Matches for a resume without an account: kept for a day, readable to the browser that sent it alone."""
