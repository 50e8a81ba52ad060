"""Encode every text with BERT, one vector per word."""

from pipeline import paths
from pipeline.encoders.bert.corpus import write_texts
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    write_texts(paths.BERT, params.bert, params.compute, paths.TEXTS)


if __name__ == "__main__":
    run(main)
