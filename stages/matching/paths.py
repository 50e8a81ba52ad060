"""The files of matching, relative to the project's root."""

from pipeline import paths

PAIRS = paths.DATA / "matching" / "pairs"
WORDS = paths.DATA / "matching" / "words"
CHECKPOINTS = paths.DATA / "matching" / "checkpoints"
MODELS = paths.DATA / "models" / "matching"

REPORTS = paths.REPORTS / "matching"
CURVES = REPORTS / "training"
METRICS = paths.REPORTS / "matching.json"
CORRESPONDENCE = REPORTS / "correspondence.csv"
HISTOGRAM = REPORTS / "correspondence.png"
