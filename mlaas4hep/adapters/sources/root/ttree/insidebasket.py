"""One basket of those that lie in the tree itself: never compressed, rows before the values.

The layout is that of ROOT's TBasket: key, numbers, where rows begin, the buffer as it was in memory.
What is not as that says, uproot may read.
"""

import struct
from collections.abc import Callable

from mlaas4hep.adapters.sources.root.codecs import Check
from mlaas4hep.adapters.sources.root.layout import Baskets
from mlaas4hep.adapters.sources.root.ttree.basket import (
    BASKET,
    KEY,
    Basket,
    Body,
    UnknownBasketError,
    decoded_body,
)
from mlaas4hep.core.data.columns import Array

# By the flag: lists of one number an entry. 10 is for the values, 40 for places that objects were
# moved by, 80 for rows that the counter tells of, not the first list.
_LISTS = {11: 1, 12: 0, 51: 2, 91: 0, 92: 0}


def read_inside(
    leaf: Baskets, index: int, data: bytes, counted: Callable[[int], Array], check: Check
) -> Basket:
    """Return a basket that lies in its tree.

    Args:
        leaf: its branch.
        index: which of its baskets.
        data: the object in the tree.
        counted: gives the offsets of rows from the counter branch; takes the number of values.
        check: is told how many bytes it has.

    Raises:
        UnknownBasketError: it is nothing that we know, or not what the tree tells of.
    """
    try:
        body = _body(leaf, data)
    except struct.error as error:
        raise UnknownBasketError(leaf.name) from error
    if body.entries != leaf.entries[index + 1] - leaf.entries[index]:
        raise UnknownBasketError(leaf.name)
    check(len(data))
    return decoded_body(leaf, body, counted)


def _body(leaf: Baskets, data: bytes) -> Body:
    """Return what is behind the heads, in the order that baskets in the file have."""
    size, _, _, _, key_size, _ = KEY.unpack_from(data)
    if not max(size, KEY.size + BASKET.size) <= key_size <= len(data):
        raise UnknownBasketError(leaf.name)
    _, _, _, entries, last, flag = BASKET.unpack_from(data, key_size - BASKET.size)
    lists = _LISTS.get(flag)
    if lists is None or entries < 0 or last < key_size:
        raise UnknownBasketError(leaf.name)
    list_bytes = 4 * (entries + 1)
    buffer = key_size + lists * list_bytes  # which begins with room for the key
    if buffer + last != len(data):
        raise UnknownBasketError(leaf.name)
    rows = data[key_size : key_size + list_bytes] if lists else b""
    return Body(
        entries=entries,
        data=memoryview(data[buffer + key_size :] + rows),
        border=last - key_size,
        key_size=key_size,
        steps=False,
    )
