"""The files of matching, relative to the project's root."""

from pipeline import paths

# A folder for each kind of corpus.
SOURCES = paths.DATA / "matching" / "sources"
PAIRS = paths.DATA / "matching" / "pairs"
WORDS = paths.DATA / "matching" / "words"
CHECKPOINTS = paths.DATA / "matching" / "checkpoints"
MODELS = paths.DATA / "models" / "matching"

REPORTS = paths.REPORTS / "matching"
CURVES = REPORTS / "training"
METRICS = paths.REPORTS / "matching.json"
CORRESPONDENCE = REPORTS / "correspondence.csv"
HISTOGRAM = REPORTS / "correspondence.png"
