"""Readers of corpora as published, one module per layout."""
