"""The bytes of a tree as a file has them."""

from contextlib import ExitStack
from functools import partial

from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.root.directory import keys_of


def stored(path, tree):
    """Return the bytes of a tree, and what is before them."""
    place = on_disk(str(path))
    with ExitStack() as stack:
        read = partial(place.read, place.open(stack))
        key = next(key for key in keys_of(read, place.size_bytes) if key.name == tree)
        return key.content(read), key.key_bytes
