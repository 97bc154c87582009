"""Raw records to model inputs, used identically offline and online."""
