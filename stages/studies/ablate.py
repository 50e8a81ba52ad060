"""Tables IV, V and VI: AnANet without some of its parts."""

from pipeline import paths as project
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params
from pipeline.studies.tables.figures import draw_classes, draw_scores
from pipeline.studies.tables.published import OURS, published
from pipeline.studies.tables.runs import read_rows, test_images
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import (
    Notes,
    class_lines,
    class_table,
    footnotes,
    score_lines,
    score_table,
    write_table,
)
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    labels = params.corpus.labels
    names = {entry.row for entry in [*paper.table4, *paper.table5, *paper.table6, *OURS]}
    rows = read_rows(paths.VARIANTS, sorted(names), labels)
    images = test_images(project.PAIRS)
    bootstrap = Bootstrap(images, study.report.resamples, study.report.seed)
    notes = Notes(params.corpus.path, len(images), paper.corpus)
    intro = f"{notes.intro(study.seeds)}\n\n{notes.published()}"

    for name, title, entries in (
        ("table4", "Table IV: components of AnANet", paper.table4),
        ("table6", "Table VI: what the association net keeps", paper.table6),
        ("ours", "Beyond the paper: pretrained encoders, richer votes, scenes", OURS),
    ):
        table = score_table(entries, rows, bootstrap, "ananet")
        lines = score_lines(table, entries, "AnANet")
        notice = footnotes(entries, paper.caveats)
        test = notes.test("AnANet")
        write_table(paths.ABLATE, name, table, f"# {title}", intro, lines, test, notice)
        draw_scores(paths.ABLATE / name, table)

    title = "Table V: F1 per class"
    classes = class_table(paper.table5, rows, labels)
    lines = class_lines(classes, paper.table5, labels)
    notice = footnotes(paper.table5, paper.caveats)
    write_table(paths.ABLATE, "table5", classes, f"# {title}", intro, lines, notice)
    draw_classes(paths.ABLATE / "table5", classes)


if __name__ == "__main__":
    run(main)
