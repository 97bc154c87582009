"""Everything with a label, a gradient or a quality metric."""
