"""Check params.yaml before DVC removes the outputs of any stage that would refuse it."""

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import write_text
from pipeline.params.project import ModelParams, load_params
from stages import run
from stages.sight import all_in_sight

_OF_OTHERS = ("own", "scenes.h5")
_TO_GO_BACK = (
    "Nothing has run. The value stays in params.yaml: change it, or git checkout params.yaml"
)


def main() -> None:
    try:
        _require_sight(load_params().model)
    except UserError as error:
        raise UserError(f"{error}\n{_TO_GO_BACK}") from None
    # Always the same, so that what depends on it runs after this, but not because of it.
    write_text(paths.CHECKED, "params.yaml was read without faults.\n")


def _require_sight(model: ModelParams) -> None:
    """Refuse features or encoders that another pipeline makes, while DVC does not see that one.

    DVC would take what lies there for up to date.
    """
    choices = {"model.pretrained": model.pretrained, "model.scenes": model.scenes}
    made = [f"{key} = {value!r}" for key, value in choices.items() if value in _OF_OTHERS]
    if made and not all_in_sight():
        raise UserError(
            f"{', '.join(made)}: made by another pipeline, which `dvc` does not see."
            " Say `python -m stages exp run` instead of `dvc exp run`"
        )


if __name__ == "__main__":
    run(main)
