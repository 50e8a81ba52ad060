"""One model per file; each forward reads from top to bottom as its paper does."""
