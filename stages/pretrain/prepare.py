"""Check the posts, split their texts into words, give every image and text a key."""

from dataclasses import replace

from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.corpus.wrong_pairs import with_wrong_pairs
from pipeline.params.pretrain import load_pretrain_params
from pipeline.params.project import load_params
from stages import run
from stages.pretrain import paths


def main() -> None:
    main_params, params = load_params(), load_pretrain_params()
    posts, noise = params.corpus.as_corpus(main_params.corpus), params.noise
    corpus = prepare_corpus(posts, main_params.prepare, ("train", "dev"))
    pairs = with_wrong_pairs(corpus.pairs, noise.rate, noise.seed)
    noisy = replace(corpus, pairs=pairs)
    noisy.write(paths.PAIRS, paths.IMAGES, paths.TEXTS, paths.CORPUS_REPORT)


if __name__ == "__main__":
    run(main)
