"""Texts that lie one behind the other as bytes, as columns of text."""

import numpy as np

from mlaas4hep.core.data.columns import Array, Offsets
from mlaas4hep.core.data.values.texts import LONGEST, nothing, text_array

_LONG = 255  #: as first byte: the length follows in four
_LENGTH_BYTES = 4


def without_lengths(content: Array, offsets: Offsets) -> tuple[Offsets, Offsets] | None:
    """Return where ROOT's strings begin and end; None if the lengths before them are others.

    A length is one byte, or 255 and four bytes; of an empty `char[]`, ROOT writes nothing at all.
    """
    starts, stops = offsets[:-1], offsets[1:]
    filled = starts < stops
    told = np.zeros(len(starts), np.int64)
    told[filled] = content[starts[filled]]
    sizes = np.where(told == _LONG, 1 + _LENGTH_BYTES, filled.astype(np.int64))
    long = np.flatnonzero(told == _LONG)
    if len(long):
        if (stops[long] - starts[long] < 1 + _LENGTH_BYTES).any():
            return None
        places = starts[long, None] + 1 + np.arange(_LENGTH_BYTES)
        told[long] = content[places].view(">u4").reshape(-1)
    if (starts + sizes + told != stops).any():
        return None
    return starts + sizes, stops


def decoded(content: Array, starts: Offsets, stops: Offsets) -> Array:
    """Return texts in bytes [starts, stops) of `content`, each different one decoded once."""
    lengths = stops - starts
    widest = int(lengths.max(initial=0))
    if not widest:
        return nothing(len(starts))
    if widest > LONGEST:
        view = np.ascontiguousarray(content).data
        return text_array(
            _text(bytes(view[start:stop]))
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
        )
    cells = np.zeros((len(starts), widest), np.uint8)
    inside = np.arange(widest) < lengths[:, None]
    first = np.repeat(starts - np.cumsum(lengths) + lengths, lengths)
    cells[inside] = content[first + np.arange(len(first))]
    known, which = np.unique(cells.view(f"S{widest}").reshape(-1), return_inverse=True)
    return text_array(map(_text, known.tolist()))[which]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")
