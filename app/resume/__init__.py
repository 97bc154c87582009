"""Resumes: documents and their versions, tailoring to a posting, files to send."""
