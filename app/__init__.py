"""Accounts, jobs and subscriptions on PostgreSQL; asks the serving layer for matching."""
