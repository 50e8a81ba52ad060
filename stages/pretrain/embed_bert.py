"""Encode every text with the main pipeline's BERT."""

from pipeline.encoders.bert.corpus import write_texts
from pipeline.params.project import load_params
from stages import run
from stages.pretrain import paths


def main() -> None:
    params = load_params()
    write_texts(paths.BERT, params.bert, params.compute, paths.TEXTS)


if __name__ == "__main__":
    run(main)
