"""Public benchmarks, one file each; see data/README.md for where their data comes from."""
