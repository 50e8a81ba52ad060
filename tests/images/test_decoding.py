import io
import zlib
from hashlib import sha256

import numpy as np
import pytest
from PIL import Image

from pipeline.images import decoding
from pipeline.images.decoding import ImageBytes, decode_image
from pipeline.images.files import ImageError
from pipeline.params.project import MOST_PIXELS
from tests.images.drawn import drawn_image


def encoded(image: Image.Image, file_format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(decode_image(data))


def two_halves(size: tuple[int, int] = (16, 8)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "GIF", "WEBP", "TIFF", "JPEG"])
def test_known_formats_become_rgb(file_format: str) -> None:
    image = decode_image(drawn_image(200, (5, 4), file_format))

    assert (image.mode, image.size) == ("RGB", (5, 4))
    np.testing.assert_allclose(np.asarray(image), 200, atol=3)


@pytest.mark.parametrize(
    ("orientation", "red"), [(1, "left"), (3, "right"), (6, "top"), (8, "bottom")]
)
def test_exif_orientation_is_applied(orientation: int, red: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    found = pixels(encoded(two_halves(), "JPEG", exif=exif, quality=95))

    corner = {"left": (0, 0), "right": (0, -1), "top": (0, 0), "bottom": (-1, 0)}[red]
    assert found.shape == ((8, 16, 3) if red in ("left", "right") else (16, 8, 3))
    np.testing.assert_allclose(found[corner], (255, 0, 0), atol=40)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_damaged_exif_does_not_cost_the_image() -> None:
    data = encoded(two_halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\x7f\0\0")

    assert decode_image(data).size == (16, 8)


def test_cmyk_keeps_its_colours() -> None:
    data = encoded(two_halves().convert("CMYK"), "JPEG", quality=95)

    np.testing.assert_allclose(pixels(data)[4, 2], (255, 0, 0), atol=40)
    np.testing.assert_allclose(pixels(data)[4, 13], (0, 0, 255), atol=40)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "PA"])
def test_transparent_parts_are_white(mode: str) -> None:
    image = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 255))
    data = encoded(image.convert("LA") if mode == "LA" else image, "PNG")
    if mode == "PA":
        data = encoded(image.quantize(2), "PNG")

    assert pixels(data).tolist() == [[[255, 255, 255], [0, 0, 0]]]


def test_half_transparent_black_is_grey() -> None:
    data = encoded(Image.new("RGBA", (1, 1), (0, 0, 0, 128)), "PNG")

    assert pixels(data).tolist() == [[[127, 127, 127]]]


def test_a_palette_keeps_its_colours() -> None:
    data = encoded(two_halves().quantize(4), "PNG")

    assert pixels(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("file_format", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_brightness(file_format: str) -> None:
    levels = np.array([[0, 256, 0x7F00, 0xFFFF]], dtype=np.uint16)
    data = encoded(Image.fromarray(levels), file_format)

    assert pixels(data)[0, :, 0].tolist() == [0, 1, 127, 255]


def test_grey_levels_of_unknown_range_are_refused() -> None:
    data = encoded(Image.fromarray(np.array([[0.5]], dtype=np.float32)), "TIFF")

    with pytest.raises(ImageError, match="range is unknown"):
        decode_image(data)


def test_an_animation_is_its_first_frame() -> None:
    frames = [Image.new("RGB", (3, 3), color) for color in ("red", "blue", "lime")]
    data = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    assert pixels(data)[0, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1)])
def test_extreme_shapes_are_images_too(size: tuple[int, int]) -> None:
    assert decode_image(drawn_image(9, size)).size == size


@pytest.mark.parametrize("file_format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP"])
def test_truncated_images_are_refused_and_not_filled_up(file_format: str) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = encoded(Image.fromarray(noise), file_format)

    with pytest.raises(ImageError):
        decode_image(data[: len(data) // 2])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<html><body>404</body></html>", id="an error page"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", id="PostScript"),
        pytest.param(drawn_image()[:16], id="a header"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(64), id="a JPEG of zeros"),
    ],
)
def test_what_is_no_image_is_refused_with_a_reason(data: bytes) -> None:
    with pytest.raises(ImageError, match=r"\w+"):
        decode_image(data)


def test_every_damaged_byte_gives_a_image_or_a_reason() -> None:
    data = drawn_image(7, (6, 5), "JPEG")
    outcomes = []
    for position in range(0, len(data), 3):
        damaged = data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]
        try:
            outcomes.append(decode_image(damaged).mode)
        except ImageError as error:
            outcomes.append(str(error))

    assert all(outcomes)
    assert "RGB" in outcomes


def claiming(width: int, height: int) -> bytes:
    """A PNG of one pixel whose header claims another size."""
    header = b"IHDR" + width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\0\0\0"
    data = drawn_image(0, (1, 1))
    return data[:12] + header + zlib.crc32(header).to_bytes(4, "big") + data[33:]


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_more_pixels_than_allowed_are_refused() -> None:
    with pytest.raises(
        ImageError, match=f"1 x {MOST_PIXELS + 1} is more than {MOST_PIXELS} pixels"
    ):
        decode_image(claiming(1, MOST_PIXELS + 1))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 60_000])
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(ImageError, match="pixels"):
        decode_image(claiming(side, side))


def test_the_limit_of_pixels_can_be_smaller() -> None:
    assert decode_image(drawn_image(0, (10, 10)), max_pixels=100).size == (10, 10)
    with pytest.raises(ImageError, match="10 x 11 is more than 100 pixels"):
        ImageBytes(drawn_image(0, (10, 11))).open(max_pixels=100)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
@pytest.mark.parametrize("band", [1, 20, 2**20])
def test_bands_on_white_are_the_whole_on_white(
    monkeypatch: pytest.MonkeyPatch, mode: str, band: int
) -> None:
    monkeypatch.setattr(decoding, "_BAND", band)
    noise = np.random.default_rng(0).integers(0, 256, (13, 7, 4), dtype=np.uint8)
    image = Image.fromarray(noise)
    image = image.quantize(9) if mode == "P" else image.convert(mode)
    layer = image.convert("RGBA")
    expected = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")

    assert (pixels(encoded(image, "PNG")) == np.asarray(expected)).all()


def test_a_thumbnail_of_a_jpeg_is_decoded_at_a_fraction_of_its_size() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    photo = ImageBytes(encoded(two_halves((1600, 800)), "JPEG", exif=exif))

    assert photo.thumbnail(100).size == (100, 200)
    assert photo.thumbnail(790).size == (800, 1600)
    assert photo.open().size == (800, 1600)
    drawing = ImageBytes(drawn_image(0, (1600, 800)))
    assert drawing.thumbnail(100).size == (1600, 800)


def test_bytes_have_a_key_and_open_as_an_image() -> None:
    image = ImageBytes(drawn_image(7, (5, 2)))

    assert image.key == sha256(image.data).hexdigest()
    assert (image.open().size, image.open().getpixel((0, 0))) == ((5, 2), (7, 7, 7))
    with pytest.raises(ImageError, match="broken"):
        ImageBytes(image.data[:-30]).open()
