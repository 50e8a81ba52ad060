"""How the inputs of a trained model were made, so that new posts are read in the same way."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal, Self

from pipeline.errors import UserError
from pipeline.params import BertParams, GloveParams, Params, RegionParams, Section, read_section

ENCODERS_FILE = "encoders.json"

Fingerprint = dict[str, Any]


class EncoderSettings(Section):
    """Saved beside a model as encoders.json, so that its folder alone says what it was fed with.

    fingerprints: feature file name -> all that decided the values of its rows. The sections are
    those of params.yaml; a local path in them has to exist wherever the model is used.
    """

    tokenizer: Literal["glove_ruby", "glove_fixed", "plain"]
    regions: RegionParams
    glove: GloveParams
    bert: BertParams
    fingerprints: dict[str, Fingerprint]

    @classmethod
    def of(cls, params: Params, fingerprints: dict[str, Fingerprint]) -> Self:
        return cls(
            tokenizer=params.prepare.tokenizer,
            regions=params.regions,
            glove=params.glove,
            bert=params.bert,
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
        path = folder / ENCODERS_FILE
        if not path.exists():
            raise UserError(
                f"{path} not found; without it nobody knows what the model was fed with"
            )
        return read_section(cls, path)


def digest(fingerprint: Fingerprint) -> str:
    """sha256 of a fingerprint, as a model's config.json holds it."""
    return sha256(json.dumps(fingerprint, sort_keys=True).encode()).hexdigest()
