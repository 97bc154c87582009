"""What the models of the serving layer read out of postings: facts, kept beside them, and summaries."""
