"""Compare AMC with its ablations: one modality alone, and late fusion of both."""

from pipeline.params.search import load_search_params
from pipeline.search.comparison import comparison_table, comparison_text, read_runs
from stages import run
from stages.search import paths


def main() -> None:
    search = load_search_params()
    table = comparison_table(read_runs(paths.VARIANTS, list(search.variants), search.seeds))
    paths.COMPARE.mkdir(parents=True, exist_ok=True)
    table.to_csv(paths.COMPARE / "ablation.csv", index=False, float_format="%.4f")
    text = comparison_text(table, len(search.seeds))
    (paths.COMPARE / "ablation.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(main)
