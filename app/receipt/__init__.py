"""Signed records of scores, which the release that made them can compute again."""
