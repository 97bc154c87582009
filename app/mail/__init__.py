"""Mail: an outbox written with its cause, templates, and the ways out."""
