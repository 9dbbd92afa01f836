"""One number for each entry, by chance but always the same: it decides where the entry goes.

The number depends on the file's name in files.txt and the entry's number in it, so that it is the
same in every run, however entries are cut into chunks and whatever the cuts leave.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array

Draws = NDArray[np.uint32]
_STEP = np.uint64(0x9E3779B97F4A7C15)


def drawn(file: str, entries: Array) -> Draws:
    """Return the number of each of these entries of a file."""
    salt = np.uint64(int.from_bytes(hashlib.sha256(file.encode()).digest()[:8], "little"))
    mixed = _mixed(entries.astype(np.uint64) * _STEP + salt)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def shares(draws: Draws, seed: int) -> NDArray[np.float64]:
    """Return a number in [0, 1) for each draw, another one for each seed."""
    salt = _mixed(np.array([seed], np.uint64) * _STEP)
    bits = _mixed(draws.astype(np.uint64) * _STEP + salt) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the values with every bit depending on all bits (Stafford's variant 13)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
