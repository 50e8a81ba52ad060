"""Queries, and keywords that are given or predicted by a tagger."""
