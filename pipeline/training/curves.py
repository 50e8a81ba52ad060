"""Writes training curves as files for `dvc plots`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dvclive.live import Live

from pipeline.training.task import Log


@contextmanager
def training_curves(folder: Path, written: bool = True) -> Iterator[Log]:
    """Yield a log that writes each figure's curve to folder/plots/metrics/<figure>.tsv.

    written: False for the processes of a training that leave this to the first one.
    """
    if not written:
        yield lambda epoch, figures: None
        return
    # The project's dvc.yaml declares the plots. By default, Live would rewrite it during the run
    # and save an experiment at the end.
    with Live(str(folder), dvcyaml=None, report=None, save_dvc_exp=False) as live:

        def log(epoch: int, figures: Mapping[str, float]) -> None:
            live.step = epoch
            for name, value in figures.items():
                live.log_metric(name, value)
            live.make_summary()

        yield log
