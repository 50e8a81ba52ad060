"""Embed with a dual encoder of `clip`: python -m stages.studies.extract_clip siglip"""

import sys
from pathlib import Path

from pipeline import paths as project
from pipeline.device import resolve_device
from pipeline.features.clip import load_clip, write_clip_texts
from pipeline.features.engines import choose_engine
from pipeline.features.pictures import write_picture_features
from pipeline.features.texts import read_texts
from pipeline.params import load_params
from pipeline.studies.params import load_study_params
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    row, params = load_study_params().dual_encoder(name), load_params()
    corpus = params.corpus
    device = resolve_device(row.device)
    engine = choose_engine(params.compute, device)
    images, texts = load_clip(row.model, row.revision, f"clip.{name}", device)
    folder, pictures = paths.CLIP / name, Path(corpus.path) / corpus.images
    write_picture_features(
        folder / paths.CLIP_IMAGES, images, project.IMAGES, pictures, None, engine
    )
    words = read_texts(project.TEXTS)
    cut = write_clip_texts(folder / paths.CLIP_TEXTS, texts, words, engine)
    print(f"{cut} of {len(words)} texts are longer than {texts.limit} pieces and were cut")


if __name__ == "__main__":
    run(main)
