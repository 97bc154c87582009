"""Search: an index beside the database, the routes that ask it, and searches that seekers keep."""
