"""Predictions of a trained model for new posts."""

from pipeline.prediction.posts import Post, posts_of, read_posts
from pipeline.prediction.predictor import Inspection, Link, Prediction, Predictor
from pipeline.prediction.scorer import Score, Scorer

__all__ = [
    "Inspection",
    "Link",
    "Post",
    "Prediction",
    "Predictor",
    "Score",
    "Scorer",
    "posts_of",
    "read_posts",
]
