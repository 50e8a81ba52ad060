"""Faster R-CNNs of detectron2, which is optional: see requirements-detectron2.txt."""
