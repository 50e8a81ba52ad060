"""BERT's vector of every word of a text."""
