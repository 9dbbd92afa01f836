"""`DataSource` with uproot; every error of uproot and of damaged files is translated here."""

import os
import time
import weakref
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uproot

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.places import Place, locate, shown
from mlaas4hep.adapters.sources.root import header as rootheader
from mlaas4hep.adapters.sources.root.baskets import Ask
from mlaas4hep.adapters.sources.root.bytes import FileBytes, ServerBytes
from mlaas4hep.adapters.sources.root.damage import FAILURES, first_line
from mlaas4hep.adapters.sources.root.header import Header
from mlaas4hep.adapters.sources.root.tree import KnownTree, TreeReader
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError, PermanentError, ServiceUnavailableError
from mlaas4hep.newest import Newest
from mlaas4hep.ports import ObjectStore

KNOWN_BRANCHES = 100_000  #: what is known about the trees described last is kept: 40 MB
OPEN_TREES = 8  #: of these, as uproot's large objects
OPEN_FILES = 400
PLACES = 10 * OPEN_FILES


class RootFiles:
    """Opens each tree once, and again only when its file has changed."""

    def __init__(self, tarballs: ObjectStore, remote_hosts: str = "*", cache_dir: str = "") -> None:
        self._tarballs = tarballs
        self._remote_hosts = remote_hosts
        self._places: Newest[tuple[float, Place]] = Newest(PLACES)
        self._known: Newest[KnownTree] = Newest(KNOWN_BRANCHES, _branches)
        self._trees: Newest[Any] = Newest(OPEN_TREES)
        self._readers: Newest[_Reader] = Newest(OPEN_FILES)
        self._blocks = KeptBlocks(BlockSpool(cache_dir))
        others = (os.cpu_count() or 1) - 1
        self._helper = ThreadPoolExecutor(min(others, 4), "decode") if others else None

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""
        return self._know(url, tree).info

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`."""
        return self._know(url, tree).survey(branches)

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        place = self._place(survey.url)
        if place.size_bytes != survey.size_bytes:
            raise _changed(survey.url)
        with _our_errors(survey.url):
            reader = self._reader(place, survey)
            if reader.uuid != survey.uuid:
                raise _changed(survey.url)
            yield from reader.tree.read(survey, frozenset(branches), start, stop)

    def _know(self, url: str, tree: str) -> KnownTree:
        place = self._place(url)
        key = url, tree, place.version
        known = self._known.get(key)
        if known is None:
            with _our_errors(url):
                known = KnownTree(place, tree, self._uproot_tree(place, tree))
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

    def _reader(self, place: Place, survey: Survey) -> "_Reader":
        key = place.url, survey.tree, place.version
        reader = self._readers.get(key)
        if reader is None:
            reader = self._opened(place, survey.tree)
            self._readers.put(key, reader)
        return reader

    def _opened(self, place: Place, name: str) -> "_Reader":
        with ExitStack() as stack:
            path, handler = place.open(stack)
            if place.is_local:
                ask = FileBytes(Path(path)).ask
            else:
                source = stack.enter_context(handler(path, **uproot.open.defaults))
                ask = ServerBytes(source).ask
            tree = TreeReader(
                ask=ask,
                kept=self._blocks,
                reopen=partial(self._uproot_tree, place, name),
                helper=self._helper,
            )
            known = self._known.get((place.url, name, place.version))
            reader = _Reader(uuid=known.info.uuid if known else _uuid(ask), tree=tree)
            weakref.finalize(tree, stack.pop_all().close)
        return reader

    def _uproot_tree(self, place: Place, name: str) -> Any:
        key = place.url, name, place.version
        tree = self._trees.get(key)
        if tree is None:
            tree = _uproot_tree(place, name)
            self._trees.put(key, tree)
        return tree


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """An open file, and which one it is."""

    uuid: str
    tree: TreeReader


def _branches(known: KnownTree) -> int:
    return len(known.info.branches)


def _uuid(ask: Ask) -> str:
    (answer,) = ask([(0, rootheader.SIZE)])
    header = Header.of(bytes(answer()))
    return header.uuid if header else ""


def _changed(url: str) -> PermanentError:
    return PermanentError(
        f"{shown(url)} changed since the run began",
        hint="restart the run, so that the file as it is now is measured",
    )


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
    if place.is_local and place.size_bytes < rootheader.SIZE:
        what = "is not a ROOT file" if place.size_bytes else "is empty"
        raise InvalidRequestError(
            f"{shown(place.url)} {what}: it has {place.size_bytes} bytes",
            hint="copy the file again",
        )
    with handler(path, **uproot.open.defaults) as source:
        header = Header.of(bytes(source.chunk(0, rootheader.SIZE).raw_data))
    if header is None:
        raise InvalidRequestError(f"{shown(place.url)} is not a ROOT file")
    if header.end_bytes > place.size_bytes:
        raise InvalidRequestError(
            f"{shown(place.url)} is cut short:"
            f" it has {place.size_bytes} bytes of {header.end_bytes}",
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
