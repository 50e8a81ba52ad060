"""Trained rows as tables and figures."""
