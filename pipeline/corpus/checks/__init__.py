"""Checks of a corpus, and its tables and report."""
