"""How reading a damaged ROOT file fails: a parser that meets wrong bytes fails in every way."""

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
    MemoryError,
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


def first_line(error: Exception) -> str:
    """Return what an error says, without uproot's listings."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
