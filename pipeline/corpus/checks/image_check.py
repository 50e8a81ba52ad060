"""Opens every image of a corpus once, for its key and size, or why it cannot be used."""

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tqdm import tqdm

from pipeline.cores import core_count
from pipeline.images.decoding import ImageBytes
from pipeline.images.files import ImageError
from pipeline.images.names import ImageNames
from pipeline.images.source import ImageSource

NO_BYTES = ImageBytes(b"").key
# A thread holds one decoded image at a time, so this bounds the memory too.
_THREADS = min(8, core_count())


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """The result for one image.

    status: ok; missing, if its bytes cannot be read; unreadable, if they are not a whole image.
    width, height: pixels of the upright image, 0 if it is not ok.
    """

    key: str
    name: str
    status: str
    width: int = 0
    height: int = 0
    reason: str = ""


def check_images(
    source: ImageSource, cells: Iterable[str], max_pixels: int
) -> dict[str, CheckedImage]:
    """The result for the image that each distinct cell of the tables names.

    max_pixels: a larger image counts as unreadable.
    """
    names = ImageNames(source.names())
    found: dict[str, str] = {}
    missing: dict[str, CheckedImage] = {}
    for cell in dict.fromkeys(cells):
        try:
            found[cell] = names.find(cell)
        except ImageError as error:
            missing[cell] = _missing(cell, error)
    files = check_files(source, list(dict.fromkeys(found.values())), max_pixels)
    return missing | {cell: files[name] for cell, name in found.items()}


def check_files(
    source: ImageSource, names: Sequence[str], max_pixels: int
) -> dict[str, CheckedImage]:
    """The result for each of these files of the source, by its exact name."""
    decoded: dict[str, CheckedImage] = {}
    started: set[str] = set()
    lock = threading.Lock()

    def check(name: str) -> CheckedImage:
        try:
            image = source.read(name)
        except ImageError as error:
            return _missing(name, error)
        key = image.key
        with lock:
            is_first = key not in started
            started.add(key)
        if is_first:
            decoded[key] = _decode(key, name, image, max_pixels)
        return CheckedImage(key, name, "ok")

    with ThreadPoolExecutor(_THREADS) as pool:
        progress = tqdm(pool.map(check, names), total=len(names), desc="check images", unit="image")
        checked = list(progress)
    # Of equal files only one was decoded.
    return {
        image.name: replace(decoded.get(image.key, image), name=image.name) for image in checked
    }


def _missing(name: str, error: ImageError) -> CheckedImage:
    return CheckedImage(NO_BYTES, name, "missing", reason=str(error))


def _decode(key: str, name: str, image: ImageBytes, max_pixels: int) -> CheckedImage:
    try:
        width, height = image.open(max_pixels).size
    except ImageError as error:
        return CheckedImage(key, name, "unreadable", reason=str(error))
    return CheckedImage(key, name, "ok", width, height)
