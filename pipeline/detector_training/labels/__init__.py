"""The teacher and its pseudo-labels."""
