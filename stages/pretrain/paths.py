"""The files of pretraining, relative to the project's root."""

from pipeline import paths

FOLDER = paths.DATA / "pretrain"
PAIRS = FOLDER / "pairs.parquet"
IMAGES = FOLDER / "images.parquet"
TEXTS = FOLDER / "texts.parquet"
REGIONS = FOLDER / "regions.h5"
GLOVE = FOLDER / "glove.h5"
BERT = FOLDER / "bert.h5"
SCENES = FOLDER / "scenes.h5"
CHECKPOINTS = FOLDER / "checkpoints"

ENCODERS = paths.PRETRAINED_ANANET / "own"
REPORTS = paths.REPORTS / "pretrain"
CORPUS_REPORT = REPORTS / "corpus.json"
CURVES = REPORTS / "training"
METRICS = paths.REPORTS / "pretrain.json"
