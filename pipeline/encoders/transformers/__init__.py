"""Pretrained transformers, loaded whole, quietly and without foreign code."""
