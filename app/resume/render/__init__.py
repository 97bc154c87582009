"""A resume as a file: one outline, several formats."""
