"""Every picture of a corpus opened once: its key, its size, or why it cannot be used."""

import hashlib
import os
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tqdm import tqdm

from pipeline.corpus.image_names import ImageNames
from pipeline.corpus.images import ImageError, ImageSource, decode_image

NO_BYTES = hashlib.sha256(b"").hexdigest()
# A thread holds one decoded picture at a time, so this bounds the memory too.
_THREADS = min(8, os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class CheckedImage:
    """What is known of one picture.

    status: ok; missing, if its bytes cannot be had; unreadable, if they are no whole picture.
    Width and height are those of the upright picture in pixels, 0 if it is not ok.
    """

    key: str
    name: str
    status: str
    width: int = 0
    height: int = 0
    reason: str = ""


def check_images(source: ImageSource, cells: Iterable[str]) -> dict[str, CheckedImage]:
    """Map each distinct image cell of the tables to what is known of the picture it means."""
    names = ImageNames(source.names())
    found: dict[str, str] = {}
    missing: dict[str, CheckedImage] = {}
    for cell in dict.fromkeys(cells):
        try:
            found[cell] = names.find(cell)
        except ImageError as error:
            missing[cell] = _missing(cell, error)
    files = _check_files(source, list(dict.fromkeys(found.values())))
    return missing | {cell: files[name] for cell, name in found.items()}


def _check_files(source: ImageSource, names: list[str]) -> dict[str, CheckedImage]:
    decoded: dict[str, CheckedImage] = {}
    started: set[str] = set()
    lock = threading.Lock()

    def check(name: str) -> CheckedImage:
        try:
            data = source.read(name)
        except ImageError as error:
            return _missing(name, error)
        key = hashlib.sha256(data).hexdigest()
        with lock:
            is_first = key not in started
            started.add(key)
        if is_first:
            decoded[key] = _decode(key, name, data)
        return CheckedImage(key, name, "ok")

    with ThreadPoolExecutor(_THREADS) as pool:
        progress = tqdm(pool.map(check, names), total=len(names), desc="check images", unit="image")
        checked = list(progress)
    # Of equal files one was decoded; what it showed holds for all of them.
    return {
        image.name: replace(decoded.get(image.key, image), name=image.name) for image in checked
    }


def _missing(name: str, error: ImageError) -> CheckedImage:
    return CheckedImage(NO_BYTES, name, "missing", reason=str(error))


def _decode(key: str, name: str, data: bytes) -> CheckedImage:
    try:
        width, height = decode_image(data).size
    except ImageError as error:
        return CheckedImage(key, name, "unreadable", reason=str(error))
    return CheckedImage(key, name, "ok", width, height)
