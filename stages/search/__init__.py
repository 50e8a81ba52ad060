"""Image search after AMC: keywords, training, judging, and the paper's ablation."""
