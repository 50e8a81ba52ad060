"""Evaluation of a trained AnANet: metrics with intervals, reports, the model card."""
