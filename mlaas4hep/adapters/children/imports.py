"""Importing what stays for the life of a process."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from mlaas4hep.core.collector import no_collection


@contextmanager
def imported_for_good() -> Iterator[None]:
    """Import without the garbage collector, which then leaves alone what is there.

    Imports leave next to nothing behind, and looking through a million objects again and again is
    a good part of what importing TensorFlow takes.
    """
    with no_collection():
        try:
            yield
        finally:
            gc.freeze()
