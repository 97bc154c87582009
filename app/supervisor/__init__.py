"""`jobpilot run`: the whole system on one machine, under one process."""
