"""Images that are made to take all memory or all time of who reads them."""

import io
import struct
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.http.predict.tfaas.pixels import FREE_PIXELS, pixels

SIZE = (8, 8, 3)


def _png(width, height, packed=b""):
    """Return a file that says it has a size, and holds a few zeros."""
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0),
        b"IDAT": packed or zlib.compress(bytes(1000)),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _saved(form, size, **how):
    file = io.BytesIO()
    Image.new("RGB", size, (250, 10, 20)).save(file, form, **how)
    return file.getvalue()


@pytest.mark.parametrize(
    "size", [(1, 49_999_999), (49_999_999, 1), (5001, 5000), (2**31 - 1, 2**31 - 1), (16_385, 2)]
)
def test_more_pixels_than_a_camera_has_are_refused_unread(size):
    with pytest.raises(TooLargeError, match="more than 25000000 pixels, or more than 16384 in a"):
        pixels(_png(*size), SIZE)


def test_a_few_bytes_that_say_they_are_millions_of_pixels_are_refused_unread():
    with pytest.raises(TooLargeError, match="says that it has 9000000 pixels"):
        pixels(_png(3000, 3000), SIZE)


def test_scans_without_end_are_refused_unread():
    content = _saved("JPEG", (1500, 1500), progressive=True)
    scan = content[content.rindex(b"\xff\xda") : -2]

    assert pixels(content, SIZE).shape == SIZE
    with pytest.raises(TooLargeError, match="scans of 2250000 pixels"):
        pixels(content[:-2] + scan * 300 + content[-2:], SIZE)


def test_what_begins_a_scan_of_a_jpg_is_nothing_in_a_png():
    chunks = PngInfo()
    chunks.add(b"prVt", b"\xff\xda" * 600)

    assert pixels(_saved("PNG", (1000, 1000), pnginfo=chunks), SIZE).shape == SIZE


def test_a_white_wall_is_a_picture():
    side = int(FREE_PIXELS**0.5)

    assert pixels(_saved("PNG", (side, side), optimize=True), SIZE).shape == SIZE


@pytest.mark.parametrize("content", [b"", b"GIF89a" + bytes(40), b"\xff\xd8\xff" + bytes(9)])
def test_what_is_no_image_is_refused_without_addresses_of_our_memory(content):
    with pytest.raises(InvalidRequestError, match=r"^Invalid image") as caught:
        pixels(content, SIZE)

    assert "0x" not in str(caught.value)


def test_every_cut_of_an_image_is_refused():
    content = _saved("JPEG", (40, 40))

    for end in range(0, len(content) - 2, 7):
        with pytest.raises(InvalidRequestError):
            pixels(content[:end], SIZE)
