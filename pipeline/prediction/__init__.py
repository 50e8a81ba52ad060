"""Predictions of a trained model for new posts."""

from pipeline.prediction.posts import Post, read_posts
from pipeline.prediction.predictor import Inspection, Link, Prediction, Predictor

__all__ = ["Inspection", "Link", "Post", "Prediction", "Predictor", "read_posts"]
