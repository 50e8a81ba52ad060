"""The files of the noise study, relative to the project's root."""

from pipeline import paths

_FOLDER = paths.DATA / "matching" / "noise_study"
REGIONS = _FOLDER / "regions.h5"
CHECKPOINTS = _FOLDER / "checkpoints"
RUNS = _FOLDER / "runs"

REPORTS = paths.STUDIES / "noise"
TABLE = REPORTS / "noise.csv"
TEXT = REPORTS / "noise.md"
PLOT = REPORTS / "noise.png"
