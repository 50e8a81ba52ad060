"""Training of AMC and its ablations."""
