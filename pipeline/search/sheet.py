"""What a search found as one HTML file that needs nothing else."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.files import whole_file
from pipeline.report.pages import render
from pipeline.report.thumbnails import data_uri
from pipeline.search.finding import Found

_SIDE = 320
_KEYWORDS_SHOWN = 6


def write_sheet(
    path: Path, query: str, found: Sequence[Found], searched: int, images: Path | None
) -> None:
    """Write a contact sheet.

    images: the archive or folder that the pictures lie in; without it the sheet shows none.
    """
    thumbnails = _thumbnails(images, found) if images else {}
    shown = [
        {
            "name": each.name,
            "image": thumbnails.get(each.name),
            "score": f"{each.score:.3f}",
            "seen": f"{each.seen:.2f}",
            "told": f"{each.told:.2f}",
            "percent": f"{100 * each.seen / max(each.seen + each.told, 1e-9):.0f}",
            "keywords": ", ".join(strongest(each.keywords)),
        }
        for each in found
    ]
    with whole_file(path) as temporary:
        page = render("contact_sheet.html", query=query, found=shown, searched=f"{searched:,}")
        temporary.write_text(page, encoding="utf-8")


def strongest(keywords: Mapping[str, float]) -> list[str]:
    """The few keywords that the query means most, with their shares."""
    best = sorted(keywords.items(), key=lambda item: -item[1])[:_KEYWORDS_SHOWN]
    return [f"{word} {share:.2f}" for word, share in best]


def _thumbnails(images: Path, found: Sequence[Found]) -> dict[str, str]:
    """Pictures as URIs by name; one that cannot be read has none."""
    uris = {}
    with ImageSource.open(images) as source:
        for each in found:
            with suppress(ImageError):
                uris[each.name] = data_uri(decode_image(source.read(each.name)), _SIDE)
    return uris
