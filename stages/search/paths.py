"""The files of search, relative to the project's root."""

from pipeline import paths

VISUAL = {"regions": paths.REGIONS, "scenes": paths.SCENES}

SEARCH = paths.DATA / "search"
QUERIES = SEARCH / "queries.parquet"
KEYWORDS = SEARCH / "keywords"
GLOVE = SEARCH / "glove.h5"
VARIANTS = SEARCH / "variants"

CHECKPOINT = paths.CHECKPOINTS / "amc"
AMC = paths.DATA / "models" / "amc"

REPORTS = paths.REPORTS / "search"
KEYWORDS_REPORT = REPORTS / "keywords.json"
TRAINING = REPORTS / "training"
QUERY_TABLE = REPORTS / "queries.csv"
ROC = REPORTS / "roc.csv"
FIGURES = REPORTS / "figures"
COMPARE = REPORTS / "compare"
METRICS = paths.REPORTS / "search.json"
CAPTION_METRICS = REPORTS / "captions.json"
