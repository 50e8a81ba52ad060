"""Fig. 4: accuracy over lambda and eta."""

from pipeline.params import load_params
from pipeline.studies.figures import draw_grid
from pipeline.studies.params import load_study_params
from pipeline.studies.published import published
from pipeline.studies.rows import bootstrap_of, by_setting, notes_of, setting_table
from pipeline.studies.runs import read_runs
from pipeline.studies.tables import setting_lines, write_table
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    points = by_setting(read_runs(paths.SWEEP), ["lambda", "eta"], params.corpus.labels)
    pairs = len(points[0][1].gold)
    table = setting_table(points, bootstrap_of(study, pairs))
    optimum = paper.fig4
    write_table(
        paths.FIG4,
        "fig4",
        table,
        "# Fig. 4: weights of the two streams",
        notes_of(study, params, paper, pairs).intro(study.sweep.seeds),
        f"Of the figure itself, the paper's text states only the optimum: lambda {optimum.lambda_},"
        f" eta {optimum.eta}, accuracy {optimum.accuracy}, weighted F1 {optimum.f1_weighted}.",
        setting_lines(table, ["lambda", "eta"]),
    )
    best = (optimum.lambda_, optimum.eta)
    title = "AnANet's accuracy; outlined: the paper's optimum"
    draw_grid(paths.FIG4 / "fig4.png", table, best, title)


if __name__ == "__main__":
    run(main)
