"""Write the table and the curves of all runs."""

from itertools import product

from pipeline.files import whole_file, write_text
from pipeline.matching.noise_study.comparison import as_markdown, read_runs, summarise
from pipeline.matching.noise_study.figures import draw_noise_curves
from pipeline.params.matching import load_noise_study_params
from stages import run
from stages.matching.noise_study import paths

_INTRO = """\
# Retrieval after training on wrong pairs

rSum is the sum of six recalls on the test split (600 at best), a mean over {seeds} seeds with its
least and greatest; fall, how much of it the noise costs. AUC: how well CRCL's memory tells right
from wrong train pairs. All runs: the same model, the same number of epochs, the best epoch on dev.

"""


def main() -> None:
    study = load_noise_study_params()
    names = [
        f"{loss}-{rate}-{seed}"
        for loss, rate, seed in product(study.losses, study.rates, study.seeds)
    ]
    runs = read_runs(paths.RUNS, names)
    table = summarise(runs)
    with whole_file(paths.TABLE) as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f", lineterminator="\n")
    write_text(paths.TEXT, _INTRO.format(seeds=len(study.seeds)) + as_markdown(table))
    draw_noise_curves(paths.PLOT, runs)


if __name__ == "__main__":
    run(main)
