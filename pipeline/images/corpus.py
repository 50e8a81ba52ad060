"""Where a corpus has its images: one archive or one folder below it."""

from pathlib import Path

from pipeline.errors import UserError
from pipeline.faults import contents
from pipeline.images.names import SUFFIXES


def images_path(corpus: Path, named: str | None) -> Path:
    """The archive or folder of a corpus's images.

    named: it, below the corpus's folder; None finds the only one there is. A folder counts if a
    picture lies anywhere in it; pictures beside the tables make it the corpus's folder itself.

    Raises:
        UserError: none is named, and there is none, or several could be meant.
    """
    if named is not None:
        return corpus / named
    entries = sorted(corpus.iterdir()) if corpus.is_dir() else []
    found = [e for e in entries if e.suffix.lower() == ".zip" or _has_pictures(e)]
    if any(map(_is_picture, entries)):
        found.append(corpus)
    if len(found) == 1:
        return found[0]
    options = ", ".join(f"-S corpus.images={path.relative_to(corpus)}" for path in found)
    raise UserError(
        f"{corpus} has more than one archive or folder of images; name one: {options}"
        if found
        else f"no archive or folder of images found: {contents(corpus)}"
    )


def _has_pictures(path: Path) -> bool:
    hidden = path.name.startswith((".", "__MACOSX"))
    return path.is_dir() and not hidden and any(map(_is_picture, path.rglob("*")))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")
