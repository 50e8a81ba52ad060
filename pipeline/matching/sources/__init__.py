"""Where captions come from: the project's own corpus, or precomputed folders."""
