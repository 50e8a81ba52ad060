"""Image search after AMC: keywords, training, evaluation, and the paper's ablation."""
