"""What `python -m pipeline` can do besides the stages: one module per command."""
