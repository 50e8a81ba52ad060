"""Search with a trained model: the best images for a query."""
