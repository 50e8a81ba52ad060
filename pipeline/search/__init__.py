"""Image search after AMC: what a query means decides where to look, in the picture and its words.

Attention guided Multi-modal Correlation Learning for Image Search (Chen et al., CVPR 2017).
"""
