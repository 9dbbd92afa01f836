"""Rows within rows, such as the hits of each track of an entry.

All values of an entry lie one after the other in one row. A branch beside it, `SIZES` added to its
name, tells how many values each inner row has.
"""

import numpy as np

from mlaas4hep.core.data.columns import Array, Jagged, Offsets

SIZES = ".sizes"


def flattened(name: str, inner: Offsets, outer: Offsets, content: Array) -> dict[str, Jagged]:
    """Return rows within rows as two branches, `name` and its sizes.

    Args:
        name: of the values.
        inner: where inner rows begin in `content`, and where the last one ends.
        outer: where the inner rows of each entry begin, and where the last ones end.
        content: all values.
    """
    return {
        name: Jagged(content=content, offsets=inner[outer]),
        f"{name}{SIZES}": Jagged(content=np.diff(inner), offsets=outer),
    }


def padded(values: Jagged, sizes: Jagged, width: int) -> Jagged:
    """Return rows in which each inner row has `width` values: cut, or filled up with NaN.

    Args:
        values: all values of each entry.
        sizes: of the inner rows of each entry.
        width: at least 1.

    Raises:
        ValueError: the sizes are not those of the values.
    """
    lengths = sizes.content.astype(np.int64)
    ends = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=ends[1:])
    if (lengths < 0).any() or not np.array_equal(ends[sizes.offsets], values.offsets):
        raise ValueError("sizes of other values")
    content = np.full((len(lengths), width), np.nan)
    places = np.arange(len(values.content)) - np.repeat(ends[:-1], lengths)
    content[np.arange(width) < lengths[:, None]] = values.content[places < width]
    return Jagged(content=content.reshape(-1), offsets=sizes.offsets * width)
