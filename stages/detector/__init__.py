"""How the shipped Faster R-CNN was trained: label photos, train, evaluate."""
