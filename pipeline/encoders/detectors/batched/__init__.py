"""A Faster R-CNN of torchvision for a GPU: a whole batch at once, without waiting for numbers."""
