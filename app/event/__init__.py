"""What people did with postings."""
