"""Losses, distillation and the training loop of the detector."""
