"""A run's figures for papers, drawn when asked."""
