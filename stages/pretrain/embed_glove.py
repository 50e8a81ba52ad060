"""Look up the GloVe vector of every word, as in the main pipeline."""

from pipeline.encoders.glove.glove import write_glove
from pipeline.features.texts import read_texts
from pipeline.params.project import load_params
from stages import run
from stages.pretrain import paths


def main() -> None:
    params = load_params().glove
    print(write_glove(paths.GLOVE, read_texts(paths.TEXTS), params.vectors, params.oov))


if __name__ == "__main__":
    run(main)
