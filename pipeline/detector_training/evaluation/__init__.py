"""Evaluation of the trained detector."""
