"""Weights in, numbers out: encoders, towers, index and the bundle that holds them together."""
