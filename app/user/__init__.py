"""Profiles: what a seeker says about themselves."""
