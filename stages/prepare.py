"""Check the corpus, split its texts into words, give every image and text a key."""

from pipeline import paths
from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    corpus = prepare_corpus(params.corpus, params.prepare)
    corpus.write(paths.PAIRS, paths.IMAGES, paths.TEXTS, paths.CORPUS_REPORT)
    corpus.write_posts(paths.POSTS)


if __name__ == "__main__":
    run(main)
