"""Whatever happens to an image file, it is an image or has a reason."""

import io
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.images.decoding import decode_image
from pipeline.images.files import ImageError
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome

MOST = 10**6


def encoded(mode: str, file_format: str, **options: object) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (9, 13, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(buffer, file_format, **options)
    return buffer.getvalue()


EXIF = Image.Exif()
EXIF[0x0112] = 6
FILES = {
    "PNG": encoded("RGB", "PNG"),
    "PNG with transparency": encoded("RGBA", "PNG"),
    "PNG with a palette": encoded("P", "PNG", transparency=3),
    "PNG of 16 bits": encoded("I;16", "PNG"),
    "PNG of 1 bit": encoded("1", "PNG"),
    "JPEG": encoded("RGB", "JPEG", exif=EXIF),
    "progressive JPEG": encoded("L", "JPEG", progressive=True),
    "JPEG for print": encoded("CMYK", "JPEG"),
    "GIF": encoded("P", "GIF"),
    "animation": encoded("P", "GIF", save_all=True, append_images=[Image.new("P", (13, 9))]),
    "WEBP": encoded("RGBA", "WEBP"),
    "lossless WEBP": encoded("RGB", "WEBP", lossless=True),
    "BMP": encoded("RGB", "BMP"),
    "TIFF": encoded("RGB", "TIFF"),
    "packed TIFF": encoded("RGB", "TIFF", compression="tiff_lzw"),
}


def decode(data: bytes, side: int = 0) -> Image.Image | None:
    """The image, well-formed; None for one that was refused."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, on metadata
        found = outcome(lambda: decode_image(data, MOST, side), ImageError)
    if found:
        assert found.mode == "RGB"
        assert 0 < found.width * found.height <= MOST
        assert np.asarray(found).shape == (found.height, found.width, 3)
    return found


@pytest.mark.parametrize("name", FILES)
def test_the_undamaged_ones_are_images(name: str) -> None:
    found = decode(FILES[name])
    assert found is not None
    assert found.size == ((9, 13) if name == "JPEG" else (13, 9))


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_a_damaged_image_is_an_image_or_has_a_reason(kind: str, data: st.DataObject) -> None:
    original = FILES[data.draw(st.sampled_from(sorted(FILES)))]
    damaged = BYTES[kind](original, data.draw)
    decode(damaged, data.draw(st.sampled_from([0, 4])))
