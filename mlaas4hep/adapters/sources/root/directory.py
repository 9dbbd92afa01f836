"""The contents of a ROOT file: its folders, and the keys of the objects in them."""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlaas4hep.adapters.sources.root.codecs import inflated
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, Stream, UnknownStreamError

Read = Callable[[int, int], bytes]  #: bytes [start, stop) of the file, or fewer where it ends

_LARGE = 1000  #: versions above this have 64-bit places
_LARGE_FILE = 1_000_000
_FILE_SMALL = struct.Struct(">4siiiiiii")  #: …, begin, end, free, bytes free, n free, bytes name
_FILE_LARGE = struct.Struct(">4siiqqiii")
_KEY = struct.Struct(">ihiIhh")  #: bytes, version, object bytes, date, key bytes, cycle
_FOLDER = struct.Struct(">hIIii")  #: version, dates, bytes of keys, bytes of name
_NAMES_BYTES = 2000  #: of a name and a title, and a folder's record behind them
_DEEPEST = 100  #: folders in folders


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One object of a file."""

    name: str  #: path from the top folder
    class_name: str
    cycle: int
    start: int
    stored_bytes: int  #: with the key itself
    key_bytes: int
    object_bytes: int

    def content(self, read: Read) -> bytes:
        """Return the bytes of the object."""
        data = read(self.start, self.start + self.stored_bytes)
        if len(data) < self.stored_bytes:
            raise DamagedStreamError("an object that reaches past the end of its file")
        return bytes(inflated(memoryview(data)[self.key_bytes :], self.object_bytes))


def keys_of(read: Read, size_bytes: int) -> Iterator[Key]:
    """Yield the keys of all folders, with older cycles of a name in any order.

    Raises:
        UnknownStreamError: it is no ROOT file, or damaged.
    """
    try:
        yield from _folder(read, *_top(read), "", size_bytes, 0)
    except (struct.error, IndexError) as error:
        raise UnknownStreamError(f"no folder that is known: {error}") from error


def _top(read: Read) -> tuple[int, int]:
    """Return where the record of the top folder begins: behind the key with the file's name."""
    data = read(0, 64)
    _, version, begin, *_ = _FILE_SMALL.unpack_from(data)
    layout = (version >= _LARGE_FILE and _FILE_LARGE) or _FILE_SMALL
    values = layout.unpack_from(data)
    return begin, values[7]


def _folder(  # noqa: PLR0917 - what a folder is found by
    read: Read, start: int, name_bytes: int, above: str, size_bytes: int, depth: int
) -> Iterator[Key]:
    if depth > _DEEPEST:
        raise DamagedStreamError("folders without an end")
    data = read(start + name_bytes, start + name_bytes + _NAMES_BYTES)
    version, *_, keys_bytes, _ = _FOLDER.unpack_from(data)
    seek = struct.Struct(">qqq" if version > _LARGE else ">iii")
    *_, keys_start = seek.unpack_from(data, _FOLDER.size)
    if not 0 <= keys_bytes <= size_bytes:
        raise DamagedStreamError("a list of keys that is longer than its file")
    stream = Stream(read(keys_start, keys_start + keys_bytes))
    _key(stream)
    (count,) = struct.unpack_from(">i", stream.data, stream.at)
    stream.at += 4
    for _ in range(count):
        key, place = _key(stream)
        name = above + key.name
        yield _renamed(key, name)
        if key.class_name in ("TDirectory", "TDirectoryFile"):
            yield from _folder(read, place, key.key_bytes, f"{name}/", size_bytes, depth + 1)


def _key(stream: Stream) -> tuple[Key, int]:
    size, version, object_bytes, _, key_bytes, cycle = stream.take(_KEY)
    place, _ = stream.take(struct.Struct(">qq" if version > _LARGE else ">ii"))
    class_name, name, _ = stream.text(), stream.text(), stream.text()
    key = Key(
        name=name,
        class_name=class_name,
        cycle=cycle,
        start=place,
        stored_bytes=size,
        key_bytes=key_bytes,
        object_bytes=object_bytes,
    )
    return key, place


def _renamed(key: Key, name: str) -> Key:
    return Key(
        name=name,
        class_name=key.class_name,
        cycle=key.cycle,
        start=key.start,
        stored_bytes=key.stored_bytes,
        key_bytes=key.key_bytes,
        object_bytes=key.object_bytes,
    )
