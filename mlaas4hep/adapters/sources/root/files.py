"""The format ROOT, with uproot; its errors and those of damaged files are translated here."""

import os
import weakref
from collections.abc import Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from threading import Lock
from typing import Any

from cachetools import LRUCache, cached, cachedmethod

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.inflation import check_unpacked
from mlaas4hep.adapters.sources.earlybytes import EarlyAnswers, EarlyBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Place, changed, no_memory, shown
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.root import header as rootheader
from mlaas4hep.adapters.sources.root.damage import FAILURES, DamagedPartError
from mlaas4hep.adapters.sources.root.header import Header
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.root.opening import (
    check_length,
    known_tree,
    tree_names,
    tree_of_uproot,
)
from mlaas4hep.adapters.sources.root.tree import KnownTree, TreeReader
from mlaas4hep.adapters.sources.root.ttree.productions import Productions
from mlaas4hep.adapters.sources.windows import Window, overlapping, read_through
from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError

KNOWN_BRANCHES = 100_000  #: what is known about the trees described last is kept: 40 MB
OPEN_TREES = 8  #: of these, as uproot's large objects
OPEN_FILES = 400


_Key = tuple[str, str, Hashable]  #: URL, tree, version of the file


def _key(_files: object, place: Place, tree: str) -> _Key:
    return place.url, tree, place.version


class RootFiles:
    """TTrees and RNTuples; each is opened once, and again only when its file has changed."""

    def __init__(self, kept: KeptBlocks) -> None:
        self._known: LRUCache[_Key, KnownTree] = LRUCache(KNOWN_BRANCHES, _branches)
        self._trees: LRUCache[_Key, Any] = LRUCache(OPEN_TREES)
        self._readers: LRUCache[_Key, _Reader] = LRUCache(OPEN_FILES)
        self._productions = Productions()
        self._lock = Lock()
        self._kept = kept
        self._early = EarlyAnswers()
        others = (os.cpu_count() or 1) - 1
        self._helper = ThreadPoolExecutor(min(others, 4), "decode") if others else None

    def trees(self, place: Place) -> tuple[str, ...]:
        """Return the names of TTrees and RNTuples in the file."""
        with _our_errors(place), ExitStack() as stack:
            return tree_names(place, place.open(stack))

    def describe(self, place: Place, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""
        return self._know(place, tree).info

    def survey(self, place: Place, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`."""
        known = self._know(place, tree)
        with _our_errors(place):
            layout = known.layout(branches)
        return Survey(
            url=place.url,
            tree=tree,
            format="ROOT",
            uuid=known.info.uuid,
            size_bytes=place.size_bytes,
            layout=wire.dump(layout).decode(),
        )

    def expect(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> None:
        """Have the bytes with which `read` begins on their way, if a server has to be asked for them."""
        with _our_errors(place):
            layout = _layout(survey.layout)
            windows = list(overlapping(layout.edges, start, stop))
            self._reader(place, survey.tree).tree.expect(layout, frozenset(branches), windows)

    def read(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        names = frozenset(branches)
        with _our_errors(place):
            layout = _layout(survey.layout)

            def blocks(windows: Sequence[Window]) -> Iterator[Columns]:
                reader = self._reader(place, survey.tree)
                if reader.uuid != survey.uuid:
                    raise changed(survey.url)
                return reader.tree.blocks(layout, names, windows)

            windows = list(overlapping(layout.edges, start, stop))
            key = *_key(self, place, survey.tree), survey.uuid, names
            yield from read_through(windows, (start, stop), blocks, self._kept, key)

    @cachedmethod(attrgetter("_known"), key=_key, lock=attrgetter("_lock"))
    def _know(self, place: Place, tree: str) -> KnownTree:
        with _our_errors(place), ExitStack() as stack:
            content = place.open(stack)
            if not place.is_remote:
                check_length(place, content)
            reopen = partial(self._uproot_tree, place, tree)
            return known_tree(place, content, tree, reopen, self._productions)

    @cachedmethod(attrgetter("_readers"), key=_key, lock=attrgetter("_lock"))
    def _reader(self, place: Place, name: str) -> "_Reader":
        with ExitStack() as stack:
            content = place.open(stack)
            tree = TreeReader(
                content=EarlyBytes(content, self._early) if place.is_remote else content,
                reopen=partial(self._uproot_tree, place, name),
                check=partial(check_unpacked, place),
                helper=self._helper,
            )
            with self._lock:
                known = self._known.get(_key(self, place, name))
            reader = _Reader(uuid=known.info.uuid if known else _uuid(place, content), tree=tree)
            weakref.finalize(tree, stack.pop_all().close)
        return reader

    @cachedmethod(attrgetter("_trees"), key=_key, lock=attrgetter("_lock"))
    def _uproot_tree(self, place: Place, name: str) -> Any:
        return tree_of_uproot(place, name)


reader = RootFiles  #: see `formats.FormatRow.module`


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """An open file, and which one it is."""

    uuid: str
    tree: TreeReader


def _branches(known: KnownTree) -> int:
    return min(len(known.info.branches), KNOWN_BRANCHES)


def _uuid(place: Place, content: Bytes) -> str:
    header = Header.of(place.read(content, 0, rootheader.SIZE))
    return header.uuid if header else ""


@cached(  # the text itself is the key, so that nothing can be stale
    LRUCache(KNOWN_BRANCHES, lambda layout: min(layout.weight, KNOWN_BRANCHES)), lock=Lock()
)
def _layout(text: str) -> RootLayout:
    return wire.load(RootLayout, text.encode())


@contextmanager
def _our_errors(place: Place) -> Iterator[None]:
    url = place.url
    try:
        yield
    except (OSError, TimeoutError) as error:
        if place.is_remote:
            raise ServiceUnavailableError(f"{shown(url)}: {first_line(error)}") from error
        raise InvalidRequestError(f"{shown(url)} cannot be read: {first_line(error)}") from error
    except MemoryError as error:
        raise no_memory(url, "write it with smaller baskets or pages") from error
    except DamagedPartError as error:
        raise InvalidRequestError(
            f"{shown(url)} is {first_line(error)}",
            branch=error.branch,
            hint='copy the file again, or leave such files out by "on_bad_file": "skip"',
        ) from error
    except FAILURES as error:
        raise InvalidRequestError(
            f"{shown(url)} is damaged or not a ROOT file: {first_line(error)}",
            hint="open it with ROOT, or copy it again",
        ) from error
