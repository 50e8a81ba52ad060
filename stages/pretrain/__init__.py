"""Pretraining of AnANet's encoders and W on posts without labels."""
