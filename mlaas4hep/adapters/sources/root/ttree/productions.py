"""The productions of which trees were read last, and reading trees with their help."""

import struct
from collections import deque
from dataclasses import replace
from threading import Lock

import numpy as np

from mlaas4hep.adapters.sources.root.leaftable import LeafTable, ListedLeaves
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, Stream, UnknownStreamError
from mlaas4hep.adapters.sources.root.ttree.cuts import Cuts, TakenOut, cuts_of
from mlaas4hep.adapters.sources.root.ttree.inside import NOTHING_INSIDE
from mlaas4hep.adapters.sources.root.ttree.leaves import leaves_of_stored
from mlaas4hep.adapters.sources.root.ttree.production import Production
from mlaas4hep.adapters.sources.root.ttree.reading import read_head, read_tree
from mlaas4hep.adapters.sources.root.ttree.regular import regular_branches
from mlaas4hep.core.collector import no_collection

KNOWN = 8  #: trees that are kept
_Found = tuple[int, LeafTable]  #: entries, leaves
_FoundAndUnknown = tuple[int, LeafTable, set[str]]


class Productions:
    """The productions of which trees were read last."""

    def __init__(self) -> None:
        self._known: deque[tuple[Cuts, Production]] = deque(maxlen=KNOWN)
        self._lock = Lock()
        self._walking = Lock()  # files of one production are opened side by side

    def leaves(self, data: bytes, before: int, class_name: str) -> _FoundAndUnknown:
        """Return entries, leaves, and the names of branches that we do not know, of a tree.

        Args:
            data: of the tree's object, inflated.
            before: bytes of the key before them.
            class_name: TTree, or one of the classes that begin with one.
        """
        known = self._of_known(data)
        if known is None:
            with self._walking:
                known = self._of_known(data)
                if known is None:
                    return self._of_new(data, before, class_name)
        return *known, set()

    def _of_known(self, data: bytes) -> _Found | None:
        with self._lock:
            known = list(self._known)
        for cuts, production in known:
            taken = cuts.taken_out(data)
            found = production.leaves(*taken) if taken else None
            if found:
                return found
        return None

    def _of_new(self, data: bytes, before: int, class_name: str) -> _FoundAndUnknown:
        """Return what is in the first tree of a production."""
        with no_collection():  # a fifth of a walk, and a tree's objects stay until its end
            cuts = cuts_of(data, before, class_name)
            taken = cuts.taken_out(data) or (data, NOTHING_INSIDE)
            production = regular_production(taken[0], before, class_name)
            found = production.leaves(*taken) if production else None
            if production is None or found is None:
                return self._walked(cuts, taken, before, class_name)
        self._keep(cuts, production)
        return *found, set()

    def _walked(
        self, cuts: Cuts, taken: TakenOut, before: int, class_name: str
    ) -> _FoundAndUnknown:
        data, inside = taken
        tree = replace(read_tree(data, before, class_name), inside=inside)
        found, unknown = leaves_of_stored(tree)
        if found and not unknown and all(branch.entries == tree.entries for _, branch, _ in found):
            self._keep(cuts, Production.of_walked(tree, found))
        return tree.entries, ListedLeaves([leaf for leaf, *_ in found]), unknown

    def _keep(self, cuts: Cuts, production: Production) -> None:
        with self._lock:
            self._known.appendleft((cuts, production))


def regular_production(data: bytes, before: int, class_name: str) -> Production | None:
    """Return the production of a tree; None if one of its branches is not a usual one."""
    stream = Stream(data, before=before)
    try:
        entries, entries_at = read_head(stream, class_name)
    except (DamagedStreamError, UnknownStreamError, struct.error, IndexError):
        return None  # whoever walks through it says why
    found = regular_branches(stream, entries)
    if found is None:
        return None
    starts, stops = found.changing
    head = np.array(stream.changing, np.int64).T
    return Production.of_regular(
        data, entries_at, found, (np.append(starts, head[0]), np.append(stops, head[1]))
    )
