"""New models: built from the parameters, and begun from pretrained encoders."""
