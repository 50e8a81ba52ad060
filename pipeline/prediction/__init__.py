"""A trained model's answers about new posts."""

from pipeline.prediction.posts import Post, read_posts
from pipeline.prediction.predictor import Link, Prediction, Predictor

__all__ = ["Link", "Post", "Prediction", "Predictor", "read_posts"]
