"""Check params.yaml before DVC removes the outputs of any stage that would refuse it."""

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import write_text
from pipeline.params.project import load_params
from stages import run

_TO_GO_BACK = (
    "Nothing has run. The value stays in params.yaml: change it, or git checkout params.yaml"
)


def main() -> None:
    try:
        load_params()
    except UserError as error:
        raise UserError(f"{error}\n{_TO_GO_BACK}") from None
    # Always the same, so that what depends on it runs after this, but not because of it.
    write_text(paths.CHECKED, "params.yaml was read without faults.\n")


if __name__ == "__main__":
    run(main)
