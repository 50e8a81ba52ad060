"""Similarity models, losses and correspondence memory of image-text matching."""
