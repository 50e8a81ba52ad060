"""Frozen encoders, and the cache of rows that they fill."""
