"""`DataSource` with uproot; every error of uproot and of damaged files is translated here."""

import os
import struct
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import uproot

from mlaas4hep.adapters.blockspool import BlockSpool
from mlaas4hep.adapters.damage import FAILURES, first_line
from mlaas4hep.adapters.keptblocks import KeptBlocks
from mlaas4hep.adapters.rootbytes import FileBytes, ServerBytes
from mlaas4hep.adapters.rootplaces import Place, locate, shown
from mlaas4hep.adapters.roottree import OpenTree, Reading
from mlaas4hep.core.columns import Columns
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.tree import TreeInfo
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.ports import ObjectStore

KNOWN_TREES = 400  #: what is known about the trees used last is kept, and their files open
OPEN_TREES = 8  #: of these, as uproot's large objects

_HEADER = struct.Struct(">4siii4s")  #: magic, version, begin, and the end in 4 or 8 bytes
_LARGE_FILES = 1_000_000  #: versions from here on have 64-bit places


class RootFiles:
    """Opens each tree once, and again only when its file has changed."""

    def __init__(self, tarballs: ObjectStore, remote_hosts: str = "*", cache_dir: str = "") -> None:
        self._tarballs = tarballs
        self._remote_hosts = remote_hosts
        self._places: _Newest[tuple[float, Place]] = _Newest(10 * KNOWN_TREES)
        self._known: _Newest[OpenTree] = _Newest(KNOWN_TREES)
        self._trees: _Newest[Any] = _Newest(OPEN_TREES)
        self._blocks = KeptBlocks(BlockSpool(cache_dir))
        others = (os.cpu_count() or 1) - 1
        self._helper = ThreadPoolExecutor(min(others, 4), "decode") if others else None

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""
        return self._open(url, tree).info

    def read(
        self, url: str, tree: str, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        opened = self._open(url, tree)
        known = {branch.name for branch in opened.info.branches}
        for name in branches:
            if name not in known:
                raise InvalidRequestError(
                    f"{shown(url)} has no branch {name!r} that can be numbers",
                    branch=name,
                    hint=nearest(name, known),
                )
        with _our_errors(url):
            yield from opened.read(branches, start, stop)

    def _open(self, url: str, tree: str) -> OpenTree:
        place = self._place(url)
        key = url, tree, place.version
        known = self._known.get(key)
        if known is None:
            with _our_errors(url):
                known = self._opened(place, tree)
            self._known.put(key, known)
        return known

    def _place(self, url: str) -> Place:
        """Return where the file is; a server is asked once for all that one chunk needs of it."""
        asked_at, place = self._places.get(url) or (0.0, None)
        now = time.monotonic()
        if place is None or now - asked_at >= place.holds_s:
            place = locate(url, self._tarballs, self._remote_hosts)
            self._places.put(url, (now, place))
        return place

    def _opened(self, place: Place, name: str) -> OpenTree:
        with ExitStack() as stack:
            path, handler = place.open(stack)
            tree = self._uproot_tree(place, name)
            if place.is_local:
                ask = FileBytes(Path(path)).ask
            else:
                source = stack.enter_context(handler(path, **uproot.open.defaults))
                ask = ServerBytes(source).ask
            reading = Reading(
                ask=ask,
                kept=self._blocks,
                reopen=partial(self._uproot_tree, place, name),
                helper=self._helper,
            )
            opened = OpenTree(place, name, tree, reading)
            weakref.finalize(opened, stack.pop_all().close)
        return opened

    def _uproot_tree(self, place: Place, name: str) -> Any:
        key = place.url, name, place.version
        tree = self._trees.get(key)
        if tree is None:
            tree = _uproot_tree(place, name)
            self._trees.put(key, tree)
        return tree


T = TypeVar("T")


class _Newest(Generic[T]):
    """The values used last; those that leave are closed when nobody holds them any more."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: T) -> None:
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._limit:
                self._values.popitem(last=False)


def _uproot_tree(place: Place, name: str) -> Any:
    with ExitStack() as stack:
        path, handler = place.open(stack)
        try:
            file = uproot.open(path, handler=handler, object_cache=None, array_cache=None)
            stack.callback(file.close)
            tree = _tree(place.url, file, name)
        except OSError:  # it ends where something should be; this looks whether it is too short
            _check_length(place, path, handler)
            raise
        if place.is_local:
            _check_length(place, path, handler)
        weakref.finalize(tree, stack.pop_all().close)
    return tree


def _check_length(place: Place, path: str, handler: type[Any]) -> None:
    """Refuse a file that ends before the length that its header tells."""
    if place.is_local and place.size_bytes < _HEADER.size:
        what = "is not a ROOT file" if place.size_bytes else "is empty"
        raise InvalidRequestError(
            f"{shown(place.url)} {what}: it has {place.size_bytes} bytes",
            hint="copy the file again",
        )
    with handler(path, **uproot.open.defaults) as source:
        header = bytes(source.chunk(0, _HEADER.size).raw_data)
    if not header.startswith(b"root"):
        raise InvalidRequestError(f"{shown(place.url)} is not a ROOT file")
    _, version, _, end, rest = _HEADER.unpack(header)
    length = end << 32 | int.from_bytes(rest) if version >= _LARGE_FILES else end
    if length > place.size_bytes:
        raise InvalidRequestError(
            f"{shown(place.url)} is cut short: it has {place.size_bytes} bytes of {length}",
            hint="copy the file again",
        )


def _tree(url: str, file: Any, name: str) -> Any:
    names = {
        key.partition(";")[0]: class_name
        for key, class_name in file.classnames().items()
        if class_name in ("TTree", "TNtuple", "TNtupleD", "TChain", "ROOT::RNTuple")
    }
    if name not in names:
        trees = ", ".join(sorted(names)) or "none"
        hint = nearest(name, names)
        raise InvalidRequestError(
            f"{shown(url)} has no tree {name!r}; the trees there are: {trees}",
            hint=hint if hint.startswith("did") else 'set "branch" in params.json to one of them',
        )
    return file[name]


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, TimeoutError) as error:
        if url.startswith(("root:", "roots:", "http:", "https:")):
            raise ServiceUnavailableError(f"{shown(url)}: {first_line(error)}") from error
        raise InvalidRequestError(f"{shown(url)} cannot be read: {first_line(error)}") from error
    except FAILURES as error:
        raise InvalidRequestError(
            f"{shown(url)} is damaged or not a ROOT file: {first_line(error)}",
            hint="open it with ROOT, or copy it again",
        ) from error
