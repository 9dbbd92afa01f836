"""The first bytes of a ROOT file (TFile's header): which file it is, and how long it should be."""

import struct
import uuid
from dataclasses import dataclass

SIZE = 75  #: bytes that hold the header of any ROOT file
_START = struct.Struct(">4si")  #: magic, version
_SMALL = struct.Struct(">ii31x16s")  #: begin, end, …, UUID
_LARGE = struct.Struct(">iq39x16s")
_LARGE_FILES = 1_000_000  #: versions from here on have 64-bit places


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What tells one file from another without opening it."""

    end_bytes: int
    uuid: str

    @classmethod
    def of(cls, data: bytes) -> "Header | None":
        """Return the header in the first `SIZE` bytes of a file, or None if it is not ROOT's."""
        if len(data) < SIZE or not data.startswith(b"root"):
            return None
        _, version = _START.unpack_from(data)
        layout = _LARGE if version >= _LARGE_FILES else _SMALL
        _, end, name = layout.unpack_from(data, _START.size)
        return cls(end_bytes=end, uuid=str(uuid.UUID(bytes=name)))
