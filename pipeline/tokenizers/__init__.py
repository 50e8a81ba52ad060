"""Tokenizers of tweets."""
