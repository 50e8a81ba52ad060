"""Pretrained image networks, and how weights files are fetched and checked."""
