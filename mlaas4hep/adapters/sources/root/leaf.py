"""One branch or field that holds values itself, and where they lie."""

from typing import NamedTuple

import numpy as np

from mlaas4hep.adapters.sources.root.layout import Baskets, Kind
from mlaas4hep.adapters.sources.root.ntuple.layout import Field
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError


class Lies(NamedTuple):
    """Where the baskets of a branch lie, as the file tells it: big endian, one after the other."""

    kind: Kind
    entries: bytes  #: first entry of each basket
    starts: bytes  #: of those in the file
    sizes: bytes
    end: int  #: entries in all
    counter: "Lies | None" = None
    counter_name: str = ""
    inside: tuple[tuple[int, int], ...] = ()  #: of those behind them, in the bytes of the tree

    def baskets(self, name: str, collection: str, file_bytes: int) -> Baskets:
        """Return the baskets as numbers, checked.

        Raises:
            DamagedStreamError: they lie outside of the file, or are out of order.
        """
        first = np.append(np.frombuffer(self.entries, ">i8"), self.end)
        starts = np.frombuffer(self.starts, ">i8").astype(np.int64)
        sizes = np.frombuffer(self.sizes, ">i4").astype(np.int64)  # beside files of over 2 GB
        ordered = first[0] == 0 and (first[1:] >= first[:-1]).all()
        ordered = ordered and len(first) == len(starts) + len(self.inside) + 1
        inside = (starts > 0).all() and (sizes > 0).all() and (starts <= file_bytes - sizes).all()
        if not (ordered and inside):
            raise DamagedStreamError(f"the baskets of {name!r} lie outside of the file")
        counter = self.counter
        return Baskets(
            name=name,
            collection=collection,
            kind=self.kind,
            entries=tuple(first.tolist()),
            starts=tuple(starts.tolist()),
            stops=tuple((starts + sizes).tolist()),
            inside=self.inside,
            counter=counter.baskets(self.counter_name, "", file_bytes) if counter else None,
        )


class Leaf(NamedTuple):
    """One branch or field that holds values itself; a tuple, of which thousands are made quickly."""

    name: str  #: path from the tree: `a`, `a/b` in a TTree, `a.b` in an RNTuple
    dtype: str = ""
    jagged: bool = False
    unreadable: str = ""  #: why it cannot be numbers
    nested: bool = False  #: rows within rows
    collection: str = ""
    edges: bytes = b""  #: entries where something new begins, big endian
    values_bytes: int = 0  #: in memory
    stored_bytes: int = 0
    lies: Lies | None = None  #: where it lies in a TTree
    field: Field | None = None  #: what it is in an RNTuple; neither: a library has to read it
