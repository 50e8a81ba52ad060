"""How the inputs of a model of search were made, so that new queries and pictures are read so."""

import json
from pathlib import Path
from typing import Literal, Self

from pipeline.params import (
    Count,
    GloveParams,
    Params,
    PrepareParams,
    RegionParams,
    SceneParams,
    Section,
    read_section,
)
from pipeline.search.params import SearchParams
from pipeline.training.encoders import ENCODERS_FILE, Fingerprint


class SearchEncoders(Section):
    """Saved beside a model as encoders.json, so that its folder alone says what it was fed with.

    per_picture: keywords that a picture without any gets from the tagger. fingerprints: feature
    file name -> all that decided the values of its rows.
    """

    visual: Literal["regions", "scenes"]
    prepare: PrepareParams
    regions: RegionParams
    scenes: SceneParams
    glove: GloveParams
    per_picture: Count
    fingerprints: dict[str, Fingerprint]

    @classmethod
    def of(cls, params: Params, search: SearchParams, fingerprints: dict[str, Fingerprint]) -> Self:
        return cls(
            visual=search.visual,
            prepare=params.prepare,
            regions=params.regions,
            scenes=params.scenes,
            glove=params.glove,
            per_picture=search.keywords.per_picture,
            fingerprints=fingerprints,
        )

    def save(self, folder: Path) -> None:
        """Write encoders.json into a model's folder."""
        text = json.dumps(self.model_dump(), indent=2, sort_keys=True)
        (folder / ENCODERS_FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read encoders.json from a model's folder.

        Raises:
            UserError: it is not there, or no such file.
        """
        return read_section(cls, folder / ENCODERS_FILE)
