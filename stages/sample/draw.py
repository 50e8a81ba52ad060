"""Draw the sample corpus."""

from pipeline import paths
from pipeline.params.project import load_params
from pipeline.sample import write_sample_corpus
from stages import run


def main() -> None:
    params = load_params().sample
    write_sample_corpus(paths.SAMPLE, **params.model_dump())


if __name__ == "__main__":
    run(main)
