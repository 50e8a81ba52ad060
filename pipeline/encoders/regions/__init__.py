"""The regions of an image: found by a detector, or extracted by others before."""
