"""Training of the shipped Faster R-CNN: label images, train, evaluate."""
