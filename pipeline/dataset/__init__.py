"""Labelled pairs with their features as batches, and predictions for a split."""
