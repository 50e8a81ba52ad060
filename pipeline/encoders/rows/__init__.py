"""Rows computed once: what an encoder is, the row cache, extraction, the HDF5 files."""
