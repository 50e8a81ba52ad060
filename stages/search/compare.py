"""Compare AMC with its ablations: one modality alone, and late fusion of both."""

from pipeline.files import whole_file, write_text
from pipeline.params.search import load_search_params
from pipeline.search.comparison import comparison_table, comparison_text, read_runs
from stages import run
from stages.search import paths


def main() -> None:
    search = load_search_params()
    table = comparison_table(read_runs(paths.VARIANTS, list(search.variants), search.seeds))
    with whole_file(paths.COMPARE / "ablation.csv") as temporary:
        table.to_csv(temporary, index=False, float_format="%.4f")
    write_text(paths.COMPARE / "ablation.md", comparison_text(table, len(search.seeds)))


if __name__ == "__main__":
    run(main)
