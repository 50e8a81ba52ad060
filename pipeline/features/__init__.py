"""Feature files: HDF5 stores, texts, and their rows as padded tensors."""
