"""Make the golden rows of an encoder's new revision: python -m tests.encoders.golden lite"""

from argparse import ArgumentParser

from safetensors.numpy import save

from tests.encoders.golden.cases import CASES, compute, golden_file


def make(name: str) -> None:
    """Raises SystemExit where the revision has golden rows."""
    path, rows = golden_file(name), save(compute(name))
    try:
        with path.open("xb") as file:
            file.write(rows)
    except FileExistsError:
        raise SystemExit(
            f"{path.name} exists, and golden rows are never overwritten: raise the revision first"
        ) from None


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("encoders", nargs="+", choices=CASES)
    for encoder in parser.parse_args().encoders:
        make(encoder)
