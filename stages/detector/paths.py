"""Files of the three stages, relative to the project's root."""

from pipeline import paths

LABELLED = paths.DATA / "interim" / "detector"
CHECKPOINT = paths.DATA / "models" / "detector" / "checkpoint.safetensors"
WEIGHTS = paths.DATA / "models" / "detector" / "fasterrcnn_lite.safetensors"
METRICS = paths.REPORTS / "detector.json"
IMAGES = paths.REPORTS / "detector.png"
