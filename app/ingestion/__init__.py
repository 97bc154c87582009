"""Postings and simulated markets from files into PostgreSQL."""
