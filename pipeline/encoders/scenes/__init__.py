"""The scene encoder: one vector and one grid per image."""
