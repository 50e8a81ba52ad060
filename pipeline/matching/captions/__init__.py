"""Captions with their images, vocabulary and noise: the output of the stage `pairs`."""
