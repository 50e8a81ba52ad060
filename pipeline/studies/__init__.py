"""The paper's tables and what they leave out: many runs on the same cached features, compared."""
