"""One reader per format: lines of a file -> postings and refusals."""
