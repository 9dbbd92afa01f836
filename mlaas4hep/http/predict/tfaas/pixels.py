"""The numbers in a png or jpg file of a stranger: what it unpacks to is known before it is unpacked."""

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.errors import InvalidRequestError, MlaasError, TooLargeError

Size = tuple[int, int, int]  #: height, width (-1: as the image has it), channels

MAX_PIXELS = 25_000_000  #: those of a large camera
MAX_SIDE = 16_384  #: what is scaled down needs memory by its longer side
FREE_PIXELS, PIXELS_OF_BYTE = 1_000_000, 1000  #: more of a byte are no picture but a bomb
MAX_WORK = 20 * MAX_PIXELS  #: pixels in all scans: each goes over the whole image
_SCAN = b"\xff\xda"  #: with which a scan of a jpg begins, and nothing else in its data
_HINT = "send a png or jpg"
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


def is_channels(number: int) -> bool:
    """Tell whether an image can have so many channels."""
    return number in _MODES


def pixels(data: bytes, size: Size) -> NDArray[np.float32]:
    """Return the pixels of a file, 0 to 255, scaled to a size.

    Raises:
        InvalidRequestError: it is no png or jpg.
        TooLargeError: it has too many pixels, or says so.
    """
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - few calls need it

    height, width, channels = size
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            scans = data.count(_SCAN) if picture.format == "JPEG" else 1
            _check(picture.width, picture.height, len(data), scans)
            shown = _in_bytes(picture).convert(_MODES[channels])
    except UnidentifiedImageError as error:  # its text has addresses of our memory
        raise InvalidRequestError("Invalid image: neither png nor jpg", hint=_HINT) from error
    except Image.DecompressionBombError as error:
        raise _too_many() from error
    except MlaasError:
        raise
    except Exception as error:  # a decoder that meets wrong bytes fails in every way
        raise InvalidRequestError(f"Invalid image: {error}", hint=_HINT) from error
    wanted = (shown.width if width == -1 else width, shown.height if height == -1 else height)
    if shown.size != wanted:
        shown = shown.resize(wanted, Image.Resampling.BILINEAR)
    return np.asarray(shown, dtype=np.float32).reshape(wanted[1], wanted[0], channels)


def _check(width: int, height: int, size_bytes: int, scans: int) -> None:
    """Refuse what would take more memory or time than a picture does."""
    number = width * height
    if number > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise _too_many()
    if number > max(FREE_PIXELS, PIXELS_OF_BYTE * size_bytes):
        raise TooLargeError(
            f"the image has {size_bytes} bytes and says that it has {number} pixels"
        )
    if number * scans > MAX_WORK:
        raise TooLargeError(f"the image has {scans} scans of {number} pixels")


def _too_many() -> TooLargeError:
    return TooLargeError(
        f"the image has more than {MAX_PIXELS} pixels, or more than {MAX_SIDE} in a row or column"
    )


def _in_bytes(picture: Any) -> Any:
    """Return a picture of a byte a channel; of greys of 16 bits, `convert` would make white all above 255."""
    from PIL import Image  # noqa: PLC0415 - the same

    if not picture.mode.startswith("I"):
        return picture
    return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
