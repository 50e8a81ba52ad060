"""Training of the shipped Faster R-CNN on a teacher's pseudo-labels of any folder of images."""
