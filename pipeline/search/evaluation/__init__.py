"""Evaluation of a trained search model: tables and figures."""
