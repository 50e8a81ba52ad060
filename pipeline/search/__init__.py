"""Image search after AMC: a query attends to the regions and the keywords of each image.

Attention guided Multi-modal Correlation Learning for Image Search (Chen et al., CVPR 2017).
"""
