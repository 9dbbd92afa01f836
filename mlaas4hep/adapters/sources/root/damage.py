"""How reading a damaged ROOT file fails: a parser that meets wrong bytes fails in every way.

MemoryError is no such way: sizes are believed up to what the bytes can hold, and others may have
the memory now.
"""

import lzma
import struct
import zlib

import cramjam
import deflate
import uproot

FAILURES = (
    uproot.deserialization.DeserializationError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NameError,
    NotImplementedError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
    cramjam.DecompressionError,
    deflate.DeflateError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)


class DamagedPartError(ValueError):
    """A part of a file that cannot be what was written."""

    def __init__(self, reason: str, *, branch: str, byte: int, entries: tuple[int, int]) -> None:
        """Take where it is: its first byte in the file, and the entries [start, stop) in it."""
        start, stop = entries
        super().__init__(
            f"damaged at byte {byte}, where entries {start} to {stop - 1} of branch {branch!r}"
            f" are: {reason}"
        )
        self.branch = branch
