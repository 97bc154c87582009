"""Places and skills by their names, as `data/taxonomy/` has them."""
