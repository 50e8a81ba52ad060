"""Embed with a dual encoder of `clip`: python -m stages.studies.extract_clip siglip"""

import sys
from pathlib import Path

from pipeline import paths as project
from pipeline.core.device import resolve_device
from pipeline.encoders.clip.encoder import load_clip, write_clip_texts
from pipeline.encoders.rows.extract import choose_engine
from pipeline.encoders.rows.images import write_image_features
from pipeline.features.texts import read_texts
from pipeline.images.corpus import images_path
from pipeline.params.project import load_params
from pipeline.params.studies import load_study_params, named
from stages import run
from stages.studies import paths


def main() -> None:
    name = sys.argv[1]
    row, params = named(load_study_params().clip, "dual encoder", name), load_params()
    corpus = params.corpus
    device = resolve_device(row.device)
    engine = choose_engine(params.compute, device)
    image_encoder, text_encoder = load_clip(row.model, row.revision, f"clip.{name}", device)
    folder = paths.CLIP / name
    images = images_path(Path(corpus.path), corpus.images)
    write_image_features(
        folder / paths.CLIP_IMAGES, image_encoder, project.IMAGES, images, None, engine
    )
    words = read_texts(project.TEXTS)
    cut = write_clip_texts(folder / paths.CLIP_TEXTS, text_encoder, words, engine)
    print(f"{cut} of {len(words)} texts are longer than {text_encoder.limit} pieces and were cut")


if __name__ == "__main__":
    run(main)
