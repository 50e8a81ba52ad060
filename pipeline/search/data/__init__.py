"""Queries and images with their features, their ranking, and the settings of encoders."""
