"""Alembic's folder; `runner` is the way in."""
