"""Scene features, for baselines of the studies and for search on scenes."""
