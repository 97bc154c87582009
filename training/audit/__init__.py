"""Does a release treat people alike? Metamorphic tests of invariance, and the tables of a bias audit."""
