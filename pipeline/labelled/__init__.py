"""New posts in tables with labels: reading them, and measuring a model on them."""
