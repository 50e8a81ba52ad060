"""Splitting captions into words."""
