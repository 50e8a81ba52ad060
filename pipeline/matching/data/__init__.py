"""Captions and images with their features, models of them, and their evaluation."""
