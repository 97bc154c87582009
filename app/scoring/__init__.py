"""How well seekers and postings fit: pairs in any usual format, for a declared purpose."""
