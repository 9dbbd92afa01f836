"""Values of `Double32_t` and `Float16_t`, as TBufferFile packs them."""

import math
import re
from typing import Literal

import numpy as np

from mlaas4hep.adapters.sources.root.layout import Packing
from mlaas4hep.core.data.columns import Array

_MANTISSA = 23  #: bits of a single
_RANGE = re.compile(r"\[([^,\]]*),([^,\]]*)(?:,([^,\]]*))?\]")
_PI = re.compile(r"(2|two)?\*?(pi)(?:/(\d+))?$", re.IGNORECASE)
_ALL_BITS = 0xFFFF_FFFF
_MOST_SHORT_BITS = 14  #: more are not short


def unpacked(stored: Array, packing: Packing) -> Array:
    """Return the numbers that are stored as part of a range, with fewer bits, or as singles."""
    if packing.factor:
        return (stored / packing.factor + packing.low).astype(packing.wanted, copy=False)
    if not packing.bits:
        return stored.astype(packing.wanted)
    return _from_few_bits(stored, packing.bits).astype(packing.wanted, copy=False)


def _from_few_bits(stored: Array, bits: int) -> Array:
    """Return numbers of which one byte is the exponent and two are sign and mantissa."""
    three = np.ascontiguousarray(stored).view(np.uint8).reshape(-1, 3).astype(np.uint32)
    mantissa = three[:, 1] << 8 | three[:, 2]
    kept = (mantissa & ((1 << (bits + 1)) - 1)) << (_MANTISSA - bits)
    values = (three[:, 0] << _MANTISSA | kept).view(np.float32)
    return np.where(mantissa & (1 << (bits + 1)), -values, values)


def packed(title: str, is_double: bool) -> tuple[str, Packing | None]:
    """Return how `Double32_t` or `Float16_t` is stored, by the `[low,high,bits]` in its title."""
    low, high, bits = _range(title)
    wanted: Literal["float32", "float64"] = "float64" if is_double else "float32"
    if low < high:
        steps = 2**bits if bits < 32 else _ALL_BITS  # noqa: PLR2004 - of a four-byte number
        factor = steps / (high - low)
        return ">u4", Packing(low=low, factor=factor, wanted=wanted)
    if "[" in title and bits <= _MOST_SHORT_BITS:
        return "V3", Packing(bits=bits, wanted=wanted)
    if is_double:
        return ">f4", Packing(wanted=wanted)
    return "V3", Packing(bits=12, wanted=wanted)


def _range(title: str) -> tuple[float, float, int]:
    found = _RANGE.search(title)
    if not found:
        return 0.0, 0.0, 32
    bits = int(found[3]) if found[3] else 32
    if not 2 <= bits <= 32:  # noqa: PLR2004 - ROOT then takes all
        bits = 32
    return _bound(found[1]), _bound(found[2]), bits


def _bound(text: str) -> float:
    text = text.strip()
    sign = -1.0 if text.startswith("-") else 1.0
    pi = _PI.match(text.lstrip("+-").strip())
    if pi:
        return sign * math.pi * (2 if pi[1] else 1) / int(pi[3] or 1)
    return float(text)
