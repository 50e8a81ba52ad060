"""Training and judging a model on cached features: batches, the loop, metrics."""
