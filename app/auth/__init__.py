"""Signing in, staying signed in, and who may call what."""
