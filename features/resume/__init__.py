"""Resume files -> structured resumes, every field with the span it was read from and a confidence.

`records` holds the types, `errors` the errors, `parse` the entry points (`parse_resume`, `read_document`,
`parse_text`, `Parser`), `sandbox` the child process that alone touches the bytes. This file imports nothing:
the child must start in milliseconds.
"""
