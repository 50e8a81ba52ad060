"""python -m pipeline figures: draw a run's figures for papers."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import paths
from pipeline.drawing.attention import draw_examples
from pipeline.drawing.results import draw_calibration, draw_confusion, draw_curves
from pipeline.errors import UserError
from pipeline.params.project import load_params
from pipeline.report.build import read_made
from pipeline.report.curves import read_charts


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, default=paths.FIGURES, metavar="FOLDER")


def run(arguments: Namespace) -> None:
    params, out = load_params(), arguments.out
    labels = params.corpus.labels
    try:
        with read_made(params) as made:
            draw_confusion(out / "confusion", made.predictions, labels)
            draw_calibration(out / "calibration", made.predictions, labels)
            for chart in read_charts(paths.TRAINING_CURVES, params.train.select_by):
                draw_curves(out / chart.figure, chart)
            draw_examples(out / "attention", made.examples(), labels)
    except OSError as error:
        raise UserError(f"cannot write into {out}: {error.strerror}") from None
    print(f"confusion, calibration, curves and attention in {out}, each as .svg and .pdf")
    if paths.STUDIES.exists():
        print(f"those of the studies are in {paths.STUDIES}, beside their tables")
