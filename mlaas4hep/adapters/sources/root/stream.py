"""Reading what ROOT's TBufferFile wrote: numbers, strings, objects with their lengths."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field

COUNTED = 0x4000_0000  #: set in the number of bytes that stands before an object
NEW_CLASS = 0xFFFF_FFFF  #: stands before the name of a class
CLASS = 0x8000_0000  #: set in the number of a class that was named before
PLACE_OFFSET = 2  #: added to the place of an object, which is then its number
REFERENCED = 1 << 4  #: set in the bits of a TObject that others refer to
_LONG = 255  #: length of a string whose length follows in four bytes

_U4 = struct.Struct(">I").unpack_from
_SIZE: Callable[[bytes, int], tuple[int, int]] = struct.Struct(">ii").unpack_from
_ARRAY = struct.Struct(">IHHIIBii")  #: of a TObjArray without a name that nothing refers to
_COUNT_VERSION = struct.Struct(">IH").unpack_from


class UnknownStreamError(ValueError):
    """The bytes are nothing that we know; another reader may."""


class DamagedStreamError(ValueError):
    """The bytes contradict each other, or the file that they are in."""


@dataclass(slots=True)
class Stream:
    """A place in the bytes of one object; classes and objects are known by where they stood."""

    data: bytes
    at: int = 0
    before: int = 0  #: bytes of the key, from which ROOT counts places
    classes: dict[int, str] = field(default_factory=dict)
    objects: dict[int, object] = field(default_factory=dict)
    pointed: int = 0
    thorough: bool = False  #: usual things are read like all others, too
    changing: list[tuple[int, int]] = field(default_factory=list)  #: bytes that other files change

    def take(self, layout: struct.Struct) -> tuple[int, ...]:
        """Return the numbers that come next."""
        values = layout.unpack_from(self.data, self.at)
        self.at += layout.size
        return values

    def begin(self) -> tuple[int, int]:
        """Return the version of the object that comes next, and where it ends."""
        count, version = _COUNT_VERSION(self.data, self.at)
        if not count & COUNTED:
            raise UnknownStreamError("an object without its length")
        stop = self.at + 4 + (count & ~COUNTED)
        if stop > len(self.data):
            raise DamagedStreamError("an object that is longer than its file")
        self.at += 6
        return version, stop

    def skip(self) -> None:
        """Go past an object that begins here."""
        _, stop = self.begin()
        self.end(stop)

    def end(self, stop: int) -> None:
        """Go to where an object ends."""
        if stop < self.at:
            raise DamagedStreamError("an object that is shorter than what it holds")
        self.at = stop

    def text(self) -> str:
        """Return a string with its length before it."""
        data, at = self.data, self.at
        length = data[at]
        at += 1
        if not length:
            self.at = at
            return ""
        if length == _LONG:
            (length,) = _U4(data, at)
            at += 4
        if at + length > len(data):
            raise DamagedStreamError("a text that is longer than its file")
        self.at = at + length
        return data[at : at + length].decode("utf-8", "backslashreplace")

    def root_object(self) -> None:
        """Go past a TObject."""
        (bits,) = _U4(self.data, self.at + 6)
        self.at += 12 if bits & REFERENCED else 10

    def name(self) -> str:
        """Return the name of a TNamed, and go past its title."""
        _, stop = self.begin()
        self.root_object()
        name = self.text()
        self.end(stop)
        return name

    def named(self) -> tuple[str, str]:
        """Return the name and the title of a TNamed."""
        _, stop = self.begin()
        self.root_object()
        name, title = self.text(), self.text()
        self.end(stop)
        return name, title

    def pointer(self) -> tuple[str, int, object]:
        """Return the class of the object that a pointer holds, and its number.

        The object itself comes next if there is a class, and ends at `pointed`. Without one the
        pointer is null, or the object was read before: then it is the last thing returned.
        """
        start = self.at
        (tag,) = _U4(self.data, start)
        self.at += 4
        counted = bool(tag & COUNTED) and tag != NEW_CLASS
        if counted:
            self.pointed = self.at + (tag & ~COUNTED)
            (tag,) = _U4(self.data, self.at)
            self.at += 4
        if not tag & CLASS:
            if counted:
                self.end(self.pointed)
            return "", 0, self.objects.get(tag)
        if not counted:
            raise UnknownStreamError("an object without its length")
        return self._class_name(tag), start + self.before + PLACE_OFFSET, None

    def _class_name(self, tag: int) -> str:
        if tag != NEW_CLASS:
            name = self.classes.get(tag & ~CLASS)
            if name is None:
                raise UnknownStreamError("an object of a class that was not named")
            return name
        place = self.at - 4 + self.before + PLACE_OFFSET
        stop = self.data.index(b"\0", self.at)
        name = self.data[self.at : stop].decode("ascii", "replace")
        self.at = stop + 1
        self.classes[place] = name
        return name

    def array_size(self) -> int:
        """Return how many pointers a TObjArray holds; they come next."""
        size: int
        count, _, _, _, bits, name, size, _lower = _ARRAY.unpack_from(self.data, self.at)
        if count & COUNTED and not bits & REFERENCED and not name:
            self.at += _ARRAY.size
        else:
            self.begin()
            self.root_object()
            self.text()
            size, _lower = _SIZE(self.data, self.at)
            self.at += 8
        if not 0 <= size <= len(self.data) // 4:
            raise DamagedStreamError(f"a list of {size} objects")
        return size
