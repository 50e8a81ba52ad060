"""Training of classifiers of pairs: AnANet and the baselines."""
