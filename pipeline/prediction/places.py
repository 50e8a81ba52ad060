"""Where the files of a model's encoders are, seen from any working folder."""

from pathlib import Path

from pipeline.models.saved import AnANetEncoders
from pipeline.params.base import SectionT


def locate(settings: AnANetEncoders, folder: Path) -> AnANetEncoders:
    """These settings with the encoders' files where they are.

    Paths in them are relative to the project in which the model was trained. A file that is not
    there from the working folder is looked for from each folder above the model's.

    folder: the model's.
    """

    def found(section: SectionT, key: str) -> SectionT:
        return section.model_copy(update={key: _find(getattr(section, key), folder)})

    return settings.model_copy(
        update={
            "regions": found(settings.regions, "weights"),
            "scenes": found(settings.scenes, "weights"),
            "glove": found(settings.glove, "vectors"),
            "bert": found(settings.bert, "model"),
        }
    )


def _find(named: str | None, folder: Path) -> str | None:
    place, pin, digest = (named or "").partition("#sha256=")
    # A single word is the name of an encoder.
    if len(Path(place).parts) < 2 or Path(place).exists():
        return named
    for above in folder.resolve().parents:
        if (above / place).exists():
            return f"{above / place}{pin}{digest}"
    return named
