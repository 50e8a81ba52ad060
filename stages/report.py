"""Make the HTML report."""

from pipeline.params.project import load_params
from pipeline.report.build import build_report
from stages import run


def main() -> None:
    build_report(load_params())


if __name__ == "__main__":
    run(main)
