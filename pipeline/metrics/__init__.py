"""Metrics of predictions and rankings."""
