"""Keywords and visual features of images as arrays."""
