"""Values of `Double32_t` and `Float16_t`, as TBufferFile packs them."""

import numpy as np

from mlaas4hep.adapters.sources.root.layout import Packing
from mlaas4hep.core.data.columns import Array

_MANTISSA = 23  #: bits of a single


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
