"""Scene features, for AnANet with scenes, baselines of the studies and search on scenes."""
