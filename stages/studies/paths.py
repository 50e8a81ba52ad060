"""The files of the studies, relative to the project's root."""

from pipeline import paths

RUNS = paths.DATA / "studies"
CLIP = RUNS / "clip"
CLIP_IMAGES = "images.h5"  # below CLIP / <row>, as is the next
CLIP_TEXTS = "texts.h5"
BASELINES = RUNS / "baselines"
VARIANTS = RUNS / "variants"
SWEEP = RUNS / "sweep.parquet"
LEARNING_CURVE = RUNS / "learning_curve.parquet"
LABEL_NOISE = RUNS / "label_noise.parquet"

COMPARE = paths.STUDIES / "compare"
METRICS = paths.REPORTS / "studies.json"
ABLATE = paths.STUDIES / "ablate"
FIG4 = paths.STUDIES / "sweep"
ROBUSTNESS = paths.STUDIES / "robustness"
