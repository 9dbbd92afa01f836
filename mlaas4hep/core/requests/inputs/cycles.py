"""Cycles: numbers behind the names of objects that a ROOT file has more than once, `Events;1`."""

import re

_CYCLE = re.compile(r"(.+);([0-9]{1,5})", re.DOTALL)


def split_cycle(tree: str) -> tuple[str, int | None]:
    """Return the path of a tree and its cycle; None if the name says none.

    >>> split_cycle("dir/Events;2")
    ('dir/Events', 2)
    """
    found = _CYCLE.fullmatch(tree)
    return (found[1], int(found[2])) if found else (tree, None)
