"""What happened to what was shown, in figures: staff only, nobody named, small groups left out."""
