"""Every file a run reads or makes, relative to the project root where stages run."""

from pathlib import Path

DATA = Path("data")
SAMPLE = DATA / "sample"
CHECKED = DATA / "interim" / "checked"
PRETRAINED = DATA / "pretrained"
# Folders of pretrained encoders, one of them empty.
PRETRAINED_ANANET = PRETRAINED / "ananet"
SHIPPED_ANANET = PRETRAINED_ANANET / "flickr8k"  # comes with the project
MODELS = DATA / "models"

PAIRS = DATA / "interim" / "pairs.parquet"
IMAGES = DATA / "interim" / "images.parquet"
TEXTS = DATA / "interim" / "texts.parquet"
POSTS = DATA / "interim" / "posts.parquet"

REGIONS = DATA / "features" / "regions.h5"
SCENES = DATA / "features" / "scenes.h5"
GLOVE = DATA / "features" / "glove.h5"
BERT = DATA / "features" / "bert.h5"

# No output of a stage: DVC deletes those before it runs one.
LOCKS = DATA / "interim" / "locks"
CHECKPOINTS = DATA / "interim" / "checkpoints"
CHECKPOINT = CHECKPOINTS / "ananet"

ANANET = MODELS / "ananet"
MODEL_CARD = ANANET / "README.md"
ENCODERS = ANANET / "encoders.json"

REPORTS = DATA / "reports"
CORPUS_REPORT = REPORTS / "corpus.json"
TRAINING_CURVES = REPORTS / "training"
ONE_SIDED = REPORTS / "one_sided.json"
METRICS = REPORTS / "metrics.json"
ORIGIN = REPORTS / "origin.json"
PREDICTIONS = REPORTS / "predictions.csv"
EXAMPLES = REPORTS / "examples.json"
CONFUSION = REPORTS / "confusion.csv"
F1_PER_CLASS = REPORTS / "f1_per_class.csv"
REPORT = REPORTS / "index.html"
FIGURES = REPORTS / "figures"
STUDIES = REPORTS / "studies"
AUDIT = REPORTS / "audit.csv"
