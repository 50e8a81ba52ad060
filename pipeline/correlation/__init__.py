"""Scores against people's judgments."""
