"""A small local page to try a model on posts of one's own."""
