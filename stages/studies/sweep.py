"""Fig. 4: accuracy over lambda and eta."""

from pipeline import paths as project
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params
from pipeline.studies.tables.figures import draw_grid
from pipeline.studies.tables.published import published
from pipeline.studies.tables.runs import by_setting, read_runs, test_images
from pipeline.studies.tables.statistics import Bootstrap
from pipeline.studies.tables.tables import Notes, setting_lines, setting_table, write_table
from stages import run
from stages.studies import paths


def main() -> None:
    study, params, paper = load_study_params(), load_params(), published()
    points = by_setting(read_runs(paths.SWEEP), ["lambda", "eta"], params.corpus.labels)
    images = test_images(project.PAIRS)
    bootstrap = Bootstrap(images, study.report.resamples, study.report.seed)
    table = setting_table(points, bootstrap)
    optimum = paper.fig4
    write_table(
        paths.FIG4,
        "fig4",
        table,
        "# Fig. 4: weights of the two streams",
        Notes(params.corpus.path, len(images), paper.corpus).intro(study.sweep.seeds),
        f"Of the figure itself, the paper's text states only the optimum: lambda {optimum.lambda_},"
        f" eta {optimum.eta}, accuracy {optimum.accuracy}, weighted F1 {optimum.f1_weighted}.",
        setting_lines(table, ["lambda", "eta"]),
    )
    best = (optimum.lambda_, optimum.eta)
    draw_grid(paths.FIG4 / "fig4", table, best)


if __name__ == "__main__":
    run(main)
