"""Posts that people labelled: their columns, their relations, and a model measured on them."""
