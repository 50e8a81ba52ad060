"""Every parameter of every pipeline: what its file may hold."""
