"""How the shipped Faster R-CNN is taught: pseudo-labels of a teacher on any folder of photos."""
