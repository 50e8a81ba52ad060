"""Table III: AnANet compared with the baselines."""

import json

from pipeline import paths as project
from pipeline.files import write_text
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params
from pipeline.studies.tables.figures import draw_scores
from pipeline.studies.tables.published import TITLES, Entry, published
from pipeline.studies.tables.runs import read_rows, test_images
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import Notes, footnotes, score_lines, score_table, write_table
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    labels = params.corpus.labels
    rows = read_rows(paths.BASELINES, [*study.baselines, *study.clip], labels)
    rows |= read_rows(paths.VARIANTS, ("ananet_glove", "ananet", "pretrained"), labels)
    listed = {entry.row for entry in paper.table3}
    unpublished = [
        Entry(row=name, method=TITLES.get(name, name.replace("_", " ").capitalize()))
        for name in (*study.baselines, "pretrained")
        if name not in listed
    ]
    unpublished += [Entry(row=name, method=f"Logistic regression ({name})") for name in study.clip]
    entries = [entry for entry in [*unpublished, *paper.table3] if entry.row in rows]
    entries.sort(key=lambda entry: list(rows).index(entry.row))

    images = test_images(project.PAIRS)
    bootstrap = Bootstrap(images, study.report.resamples, study.report.seed)
    table = score_table(entries, rows, bootstrap, "ananet")
    notes = Notes(params.corpus.path, len(images), paper.corpus)
    write_table(
        paths.COMPARE,
        "table3",
        table,
        "# Table III: comparison with baselines",
        notes.intro(study.seeds),
        notes.dual_encoders([*study.clip]),
        notes.published(),
        score_lines(table, entries, "AnANet"),
        notes.verdict(table, "AnANet"),
        notes.test("AnANet"),
        footnotes(entries, paper.caveats),
    )
    draw_scores(paths.COMPARE / "table3", table)
    figures = dict(zip(table["row"], table["accuracy"].round(4), strict=True))
    write_text(paths.METRICS, json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    run(main)
