"""Pretraining of AnANet's encoders and W on pairs without labels."""
