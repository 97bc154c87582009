"""What staff may do, and the log of what they did."""
