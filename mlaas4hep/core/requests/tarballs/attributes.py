"""Attributes of a tar's members (pax headers), looked through before `tarfile` reads them.

`tarfile` searches them with patterns that take the square of their length where a text is made for
it: 100 KB of digits take half a minute, 50 KB of records that are too short two seconds. And those
of all members are looked at once more for each of them.
"""

from mlaas4hep.errors import InvalidRequestError

MOST_DIGITS = 64  #: on end
MOST_RECORDS = 100  #: in one header
_LEAST = 5  #: bytes of a record: its length, a space, a letter, "=" and the end of the line
_LENGTH = 20  #: digits of a length
_SPARSE = b"GNU.sparse."
_MARKED = bytes(ord("0") if chr(each).isdigit() and each < 128 else 32 for each in range(256))  # noqa: PLR2004


def check_attributes(data: bytes) -> None:
    """Look through the records of one header, which end at its end or at a zero.

    Raises:
        ValueError: they are no records, too many, or have numbers of many digits.
        InvalidRequestError: they are of a sparse file, whose map may be as long as the tarball.
    """
    if b"0" * (MOST_DIGITS + 1) in data.translate(_MARKED):
        raise ValueError(f"attributes with more than {MOST_DIGITS} digits on end")
    at, count = 0, 0
    while at < len(data) and data[at]:
        at, count = _end(data, at), count + 1
        if count > MOST_RECORDS:
            raise ValueError(f"more than {MOST_RECORDS} attributes in one header")


def _end(data: bytes, start: int) -> int:
    """Return where the record that begins at `start` ends: `LENGTH KEY=VALUE` and the end of a line."""
    space = data.find(b" ", start, start + _LENGTH)
    length = data[start:space] if space > start else b""
    end = start + int(length) if length.isdigit() else 0
    if end < start + _LEAST or data[end - 1 : end] != b"\n" or data.find(b"=", space, end) < 0:
        raise ValueError("an attribute that is none")
    if data.startswith(_SPARSE, space + 1):
        raise sparse_file()
    return end


def sparse_file(name: str = "") -> InvalidRequestError:
    """Return the error about a file of which the tarball says where its holes are."""
    return InvalidRequestError(
        f"member {name!r} is a sparse file" if name else "a member is a sparse file",
        stage="upload",
        file=name,
        hint="only regular files and folders; pack without --sparse",
    )
