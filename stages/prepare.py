"""Check the corpus, split its texts into words, give every image and text its key."""

import json

from pipeline import paths
from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.files import whole_file
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    corpus = prepare_corpus(params.corpus, params.prepare)
    for path, table in (
        (paths.PAIRS, corpus.pairs),
        (paths.IMAGES, corpus.images),
        (paths.TEXTS, corpus.texts),
    ):
        with whole_file(path) as temporary:
            table.to_parquet(temporary, index=False)
    with whole_file(paths.CORPUS_REPORT) as temporary:
        temporary.write_text(json.dumps(corpus.report, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    run(main)
