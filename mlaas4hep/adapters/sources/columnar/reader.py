"""The `Format` of files that hold one table: all that differs is how a table is opened."""

import hashlib
import threading
import weakref
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache

from cachetools import LRUCache

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.table import Opening, OpenTable, Table
from mlaas4hep.adapters.sources.places.place import Place, changed, no_memory, shown
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.windows import Window, block_edges, overlapping, read_through
from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError, MlaasError

OPEN_TABLES = 100
END_BYTES = 64 * 1024  #: of a file's beginning and end that tell it from another


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """The layout of our surveys."""

    edges: tuple[int, ...]  #: of the blocks in which the branches are always read
    table: str  #: `Contents.layout`


class _Known:
    """An open table, and which file it is."""

    def __init__(self, table: Table, file: PlaceFile, uuid: str) -> None:
        self.table = table
        self.file = file
        self.uuid = uuid
        self.token = object()  # tells our blocks from those of every other table
        self.lock = threading.Lock()


class TableReader:
    """`Format` over a function that opens a table."""

    def __init__(
        self,
        name: str,
        open_table: OpenTable,
        kept: KeptBlocks,
        list_trees: Callable[[Place, PlaceFile], tuple[str, ...]] | None = None,
        open_tables: int = OPEN_TABLES,
    ) -> None:
        """Take what differs between formats.

        Args:
            name: of the format, as FORMATS has it.
            open_table: opens a file of it.
            kept: where blocks lie of which somebody may want the rest.
            list_trees: gives the names of the tables in a file, if there can be several.
            open_tables: that are kept.
        """
        self._name = name
        self._open_table = open_table
        self._kept = kept
        self._list_trees = list_trees
        self._tables: LRUCache[Hashable, _Known] = LRUCache(open_tables)
        self._lock = threading.Lock()

    def trees(self, place: Place) -> tuple[str, ...]:
        """Return the names of the tables in a file; none where one file is one table."""
        if self._list_trees is None:
            return ()
        with ExitStack() as stack:
            file = PlaceFile(place, place.open(stack))
            with self._our_errors(place, file):
                return self._list_trees(place, file)

    def describe(self, place: Place, tree: str) -> TreeInfo:
        """Open the file and return what it holds."""
        known = self._know(place, tree)
        contents = known.table.contents
        return TreeInfo(
            url=place.url,
            tree=tree,
            uuid=known.uuid,
            size_bytes=place.size_bytes,
            entries=contents.entries,
            branches=contents.branches,
            unreadable=contents.unreadable,
            boundaries=contents.boundaries,
            sizes=contents.content,
        )

    def survey(self, place: Place, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`."""
        known = self._know(place, tree)
        contents = known.table.contents
        chosen = sorted(set(branches))
        names = {branch.name: None for branch in contents.branches}
        for name in chosen:
            if name not in names:
                raise InvalidRequestError(
                    f"{shown(place.url)} has no branch {name!r} that can be numbers",
                    branch=name,
                    hint=nearest(name, names),
                )
        size = sum(contents.size_bytes.get(name, 8 * contents.entries) for name in chosen)
        layout = _Layout(
            edges=block_edges(contents.boundaries, contents.entries, size), table=contents.layout
        )
        return Survey(
            url=place.url,
            tree=tree,
            format=self._name,
            uuid=known.uuid,
            size_bytes=place.size_bytes,
            layout=wire.dump(layout).decode(),
        )

    def expect(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> None:
        """Do nothing: tables ask for the bytes of a piece when it is read."""

    def read(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        layout = _parsed(survey.layout)
        known = self._know(place, survey.tree, layout.table)
        if known.uuid != survey.uuid:
            raise changed(survey.url)
        names = tuple(sorted(set(branches)))

        def blocks(windows: Sequence[Window]) -> Iterator[Columns]:
            for window in windows:
                with self._our_errors(place, known.file), known.lock:
                    block = known.table.read(names, window)
                yield block

        windows = list(overlapping(layout.edges, start, stop))
        yield from read_through(windows, (start, stop), blocks, self._kept, (known.token, names))

    def _know(self, place: Place, tree: str, layout: str = "") -> _Known:
        key = place.url, tree, place.version
        with self._lock:
            known = self._tables.get(key)
        if known is None:
            known = self._opened(place, tree, layout)
            with self._lock:
                self._tables[key] = known
        return known

    def _opened(self, place: Place, tree: str, layout: str) -> _Known:
        if not place.size_bytes:
            raise InvalidRequestError(f"{shown(place.url)} is empty", hint="copy the file again")
        with ExitStack() as stack:
            file = PlaceFile(place, place.open(stack))
            with self._our_errors(place, file):
                uuid = _fingerprint(file, place.size_bytes)
                opening = Opening(place=place, file=file, tree=tree, layout=layout, stack=stack)
                table = self._open_table(opening)
            known = _Known(table, file, uuid)
            weakref.finalize(known, stack.pop_all().close)
        return known

    @contextmanager
    def _our_errors(self, place: Place, file: PlaceFile) -> Iterator[None]:
        try:
            yield
        except MlaasError:
            raise
        except MemoryError as error:
            parts = f"write it in smaller parts ({self._name} has row groups, batches or blocks)"
            raise no_memory(place.url, parts) from error
        except NotImplementedError as error:
            raise InvalidRequestError(
                f"{shown(place.url)} is damaged, or holds what its library does not read:"
                f" {first_line(error)}",
                hint="write it without that column or kind",
            ) from error
        except Exception as error:  # a parser that meets wrong bytes fails in every way
            if file.failure is not None:
                failure, file.failure = file.failure, None
                raise failure from error
            article = "an" if self._name[0] in "AH" else "a"
            raise InvalidRequestError(
                f"{shown(place.url)} is damaged or not {article} {self._name} file: {first_line(error)}",
                hint="open it where it was made; close it there if it is still being written,"
                " and copy it again",
            ) from error


def _fingerprint(file: PlaceFile, size_bytes: int) -> str:
    """Return a hash of both ends of a file; what lies between is for `Contents.content`."""
    file.seek(0)
    first = file.read(END_BYTES) or b""
    file.seek(max(0, size_bytes - END_BYTES))
    last = file.read(END_BYTES) or b""
    file.seek(0)
    return keys.digest(size_bytes, hashlib.sha256(first + last).hexdigest())


@lru_cache(maxsize=500)  # the text itself is the key, so that nothing can be stale
def _parsed(text: str) -> _Layout:
    return wire.load(_Layout, text.encode())
