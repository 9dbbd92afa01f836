"""`DataSource` with uproot; every error of uproot and of damaged files is translated here."""

import os
import struct
import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import uproot

from mlaas4hep.adapters.blockspool import BlockSpool
from mlaas4hep.adapters.damage import FAILURES, first_line
from mlaas4hep.adapters.keptblocks import KeptBlocks
from mlaas4hep.adapters.rootbytes import FileBytes, ServerBytes
from mlaas4hep.adapters.rootplaces import Place, locate, shown
from mlaas4hep.adapters.roottree import Opening, OpenTree
from mlaas4hep.core.columns import Columns
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.tree import TreeInfo
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.ports import ObjectStore

OPEN_TREES = 16  #: kept open, the ones used last

_HEADER = struct.Struct(">4siii4s")  #: magic, version, begin, and the end in 4 or 8 bytes
_LARGE_FILES = 1_000_000  #: versions from here on have 64-bit places


class RootFiles:
    """Opens each tree once, and again only when its file has changed."""

    def __init__(self, tarballs: ObjectStore, remote_hosts: str = "*", cache_dir: str = "") -> None:
        self._tarballs = tarballs
        self._remote_hosts = remote_hosts
        self._trees: OrderedDict[tuple[str, str], tuple[Hashable, OpenTree]] = OrderedDict()
        self._blocks = KeptBlocks(BlockSpool(cache_dir))
        self._helper = ThreadPoolExecutor(1, "decode") if (os.cpu_count() or 1) > 1 else None
        self._lock = threading.Lock()

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""
        opened = self._open(url, tree)
        with _our_errors(url):
            return opened.info

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
        place = locate(url, self._tarballs, self._remote_hosts)
        with self._lock:
            version, opened = self._trees.get((url, tree), (None, None))
            if opened and version == place.version:
                self._trees.move_to_end((url, tree))
                return opened
        with _our_errors(url):
            opened = _opened(place, tree, self._blocks, self._helper)
        with self._lock:
            self._trees[url, tree] = place.version, opened
            self._trees.move_to_end((url, tree))
            while len(self._trees) > OPEN_TREES:
                self._trees.popitem(last=False)  # closed when the last reader is done with it
        return opened


def _opened(
    place: Place, tree: str, kept: KeptBlocks, helper: ThreadPoolExecutor | None
) -> OpenTree:
    with ExitStack() as stack:
        path, handler = place.open(stack)
        try:
            file = uproot.open(path, handler=handler, object_cache=None, array_cache=None)
            stack.callback(file.close)
            found = _tree(place.url, file, tree)
        except OSError:  # it ends where something should be; this looks whether it is too short
            _check_length(place, path, handler)
            raise
        if place.is_local:
            _check_length(place, path, handler)
        content = FileBytes(Path(path)) if place.is_local else ServerBytes(file.file.source)
        opening = Opening(size_bytes=place.size_bytes, ask=content.ask, helper=helper)
        opened = OpenTree(place.url, tree, found, opening, kept)
        weakref.finalize(opened, stack.pop_all().close)
    return opened


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
