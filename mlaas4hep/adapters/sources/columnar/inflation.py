"""How much may come out of packed bytes: a few kilobytes can hold a disk full of zeros."""

from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.errors import TooLargeError

MAX_PLAIN_BYTES = 20 * 1024**3
MAX_RATIO = 100  #: bytes out of one, once `FREE_BYTES` have come
FREE_BYTES = 64 * 1024**2
STEP_BYTES = 1024**2
MAX_ENTRIES = 10**10  #: of a file whose server says that it has a million million bytes
MAX_PAGES_RATIO = 1000  #: bytes out of one of pages, where zeros may be most of it
FREE_PAGES_BYTES = 256 * 1024**2


def check_inflated(place: Place, size_bytes: int) -> None:
    """Refuse a file that inflates to more than is reasonable.

    Raises:
        TooLargeError: so it does.
    """
    if size_bytes > min(MAX_PLAIN_BYTES, max(FREE_BYTES, MAX_RATIO * place.size_bytes)):
        raise _too_much(place, size_bytes, "split it, or write it as Parquet")


def check_unpacked(place: Place, size_bytes: int) -> None:
    """Refuse a file whose pages or batches inflate, in one reading, to more than is reasonable.

    Raises:
        TooLargeError: so they do.
    """
    if size_bytes > max(FREE_PAGES_BYTES, MAX_PAGES_RATIO * place.size_bytes):
        cure = "leave out the columns of which most is the same, or write them as numbers"
        raise _too_much(place, size_bytes, cure)


def _too_much(place: Place, size_bytes: int, hint: str) -> TooLargeError:
    return TooLargeError(
        f"{shown(place.url)} has {place.size_bytes} bytes and inflates to {size_bytes} or more",
        hint=hint,
    )


def check_entries(place: Place, entries: int, what: str = "entries") -> None:
    """Refuse a file that says it has more entries than can be: each is a byte, inflated, at least.

    Args:
        place: where the file lies.
        entries: that it says it has; or values of one branch, which are no fewer bytes.
        what: they are called.

    Raises:
        TooLargeError: so it does.
    """
    if entries > min(MAX_ENTRIES, max(FREE_BYTES, MAX_RATIO * place.size_bytes)):
        raise TooLargeError(
            f"{shown(place.url)} has {place.size_bytes} bytes and says that it has {entries} {what}",
            hint="open it where it was made, or leave it out of files.txt",
        )
