"""What was reported: evidence, to calibrate and validate on."""
