"""The results of a search as one self-contained HTML file."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.files import whole_file
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource
from pipeline.pages.rendering import render
from pipeline.pages.thumbnails import data_uri
from pipeline.search.retrieval.search import SearchResult

_SIDE = 320
_KEYWORDS_SHOWN = 6
_TEXTS_SHOWN = 2


def write_sheet(
    path: Path,
    query: str,
    found: Sequence[SearchResult],
    searched: int,
    images: Path | None,
    texts: Mapping[str, Sequence[str]],
) -> None:
    """Write a contact sheet.

    images: the archive or folder of the images; without it, the sheet shows none. texts: those
    that an image was posted with, as written, by its key, where they are known.

    Raises:
        UserError: the file cannot be written.
    """
    thumbnails = _thumbnails(images, found) if images else {}
    results = [
        {
            "result": each,
            "image": thumbnails.get(each.name),
            "texts": texts.get(each.key, ())[:_TEXTS_SHOWN],
            "keywords": strongest(each.keywords),
        }
        for each in found
    ]
    with whole_file(path) as temporary:
        page = render("contact_sheet.html", query=query, found=results, searched=f"{searched:,}")
        temporary.write_text(page, encoding="utf-8", errors="backslashreplace")


def strongest(keywords: Mapping[str, float]) -> list[str]:
    """The keywords with the most attention of the query, with their weights."""
    best = sorted(keywords.items(), key=lambda item: -item[1])[:_KEYWORDS_SHOWN]
    return [f"{word} {share:.2f}" for word, share in best]


def _thumbnails(images: Path, found: Sequence[SearchResult]) -> dict[str, str]:
    """Readable images as URIs, by name."""
    uris = {}
    with ImageSource.open(images) as source:
        for each in found:
            with suppress(ImageError):
                uris[each.name] = data_uri(source.read(each.name).thumbnail(_SIDE), _SIDE)
    return uris
