"""Curves as the page draws them."""

from pathlib import Path

from pipeline.report.curves import read_charts


def write(folder: Path, split: str, figure: str, values: list[float]) -> None:
    path = folder / "plots" / "metrics" / split / f"{figure}.tsv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [f"{step}\t{value}" for step, value in enumerate(values, start=1)]
    path.write_text("\n".join([f"step\t{figure}", *rows]) + "\n")


def test_lines_ticks_and_names_that_do_not_meet(tmp_path: Path) -> None:
    for split, last in (("train", 0.1), ("dev", 0.11)):
        write(tmp_path, split, "loss", [10.9, 4.0, last])
        write(tmp_path, split, "f1_weighted", [0.2, 0.5, 0.964])
    loss, f1 = read_charts(tmp_path, "f1_weighted")
    assert [line.points for line in loss.lines] == [
        [(1, 10.9), (2, 4.0), (3, 0.1)],
        [(1, 10.9), (2, 4.0), (3, 0.11)],
    ]
    assert loss.ticks == [0, 5, 10]
    assert [round(tick, 6) for tick in f1.ticks] == [0, 0.2, 0.4, 0.6, 0.8]
    assert loss.last_step == 3
    for chart in (loss, f1):
        one, other = (line.name_y for line in chart.lines)
        assert abs(one - other) >= 13


def test_training_of_one_epoch(tmp_path: Path) -> None:
    for split in ("train", "dev"):
        write(tmp_path, split, "loss", [1.0])
        write(tmp_path, split, "f1_weighted", [0.0])
    loss, f1 = read_charts(tmp_path, "f1_weighted")
    assert loss.kept == 1
    assert loss.last_step == 1
    assert f1.ticks[0] == 0


def test_the_first_of_equally_good_epochs_on_dev_is_the_kept_one(tmp_path: Path) -> None:
    for split, values in (("train", [0.2, 0.9, 0.95, 1.0]), ("dev", [0.2, 0.7, 0.7, 0.6])):
        write(tmp_path, split, "loss", [4.0, 3.0, 2.0, 1.0])
        write(tmp_path, split, "f1_macro", values)
    loss, f1 = read_charts(tmp_path, "f1_macro")
    assert (loss.kept, f1.kept) == (2, 2)
    assert f1.title == "Macro F1"
