"""`ports.DataSource`: a place says where the bytes are, a format what they mean."""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from copy import copy
from operator import attrgetter
from typing import Self, TypeVar

from cachetools import LRUCache, TLRUCache, cachedmethod

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.inflation import check_entries
from mlaas4hep.adapters.sources.daemonthread import daemon_result
from mlaas4hep.adapters.sources.format import Format
from mlaas4hep.adapters.sources.formats import FIRST_BYTES, FORMATS, FormatRow, guess
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.place import Place, changed
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.readahead import one_ahead
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.requests.inputs.files import ALTERNATIVES
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError, StoppingError
from mlaas4hep.ports import ObjectStore, Stopping

T = TypeVar("T")

READINGS = 16  #: of remote files, side by side
_HERE = ("/", "tarball:")  #: what URLs begin with for which no server of others is asked
PLACES = 4000  #: files of which it is known where they are


class _ElsewhereError(ServiceUnavailableError):
    """The file is damaged in this place; whoever tries again reads it in another one."""


class DataFiles:
    """Input files in any place and any format."""

    def __init__(
        self,
        tarballs: ObjectStore,
        policy: ServerPolicy = ServerPolicy(),  # noqa: B008 - it is frozen
        cache_dir: str = "",
        stopping: Stopping | None = None,
    ) -> None:
        """Read what lies in bucket `tarballs`, on disks, and on servers that the policy allows.

        Args:
            tarballs: the bucket.
            policy: which servers.
            cache_dir: for blocks that are read again; empty: none are kept on a disk.
            stopping: tells when no server is waited for any longer.
        """
        self._stopping = stopping or Stopping()
        self._locator = Locator(tarballs, policy)
        self._places: TLRUCache[str, Place] = TLRUCache(PLACES, _believed_until)
        self._guesses: LRUCache[tuple[str, Hashable], FormatRow] = LRUCache(PLACES)
        self._lock = threading.Lock()
        self._formats: dict[str, Format] = {}
        self._making = threading.Lock()
        self._kept = KeptBlocks(BlockSpool(cache_dir))
        self._ahead = ThreadPoolExecutor(READINGS, "ahead")

    def under(self, stopping: Stopping) -> Self:
        """Return the same files, with all that is known of them, for one step."""
        ours = copy(self)
        ours._stopping = stopping  # noqa: SLF001 - it is one of us
        return ours

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the files of a server that match a pattern, sorted."""
        return daemon_result(lambda: self._locator.find(pattern), self._stopping)

    def trees(self, url: str) -> tuple[str, ...]:
        """Return the names of the trees in a file, sorted; none in a format without trees."""
        return self._ask_places(url, lambda place, found: found.trees(place))

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""

        def describe(place: Place, found: Format) -> TreeInfo:
            info = found.describe(place, tree)
            place.forget()
            check_entries(place, info.entries)
            return info

        return self._ask_places(url, describe)

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`."""

        def survey(place: Place, found: Format) -> Survey:
            known = found.survey(place, tree, branches)
            place.forget()
            return known

        return self._ask_places(url, survey)

    def expect(self, survey: Survey, branches: Iterable[str], start: int, stop: int) -> None:
        """Have the bytes with which `read` of these entries begins on their way from a server."""
        if not survey.url.startswith(_HERE):
            self._ahead.submit(self._expect, survey, frozenset(branches), start, stop)

    def _expect(self, survey: Survey, names: frozenset[str], start: int, stop: int) -> None:
        with suppress(MlaasError):  # whoever reads is told
            place = self._place(survey.url)
            self._format(_row_of(survey)).expect(place, survey, names, start, stop)

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        place = self._place(survey.url)
        if place.size_bytes != survey.size_bytes:
            raise changed(survey.url)
        with self._or_elsewhere(place):
            blocks = self._format(_row_of(survey)).read(place, survey, branches, start, stop)
            if place.is_remote:
                blocks = one_ahead(blocks, self._ahead, self._stopping)
            yield from blocks

    def _ask_places(self, url: str, ask: Callable[[Place, Format], T]) -> T:
        """Return what is found in the first of a file's places where it can be found."""
        for _ in url.split(ALTERNATIVES)[1:]:
            with suppress(_ElsewhereError):
                return self._ask_place(self._place(url, opens=True), ask)
        return self._ask_place(self._place(url, opens=True), ask)

    def _ask_place(self, place: Place, ask: Callable[[Place, Format], T]) -> T:
        with self._or_elsewhere(place):
            if place.is_remote:
                return daemon_result(lambda: self._ask(place, ask), self._stopping)
            return self._ask(place, ask)

    def _ask(self, place: Place, ask: Callable[[Place, Format], T]) -> T:
        return ask(place, self._format(self._guess(place)))

    @contextmanager
    def _or_elsewhere(self, place: Place) -> Iterator[None]:
        """Remember that a place failed.

        Raises:
            _ElsewhereError: the file is damaged there, and has another place.
        """
        try:
            yield
        except StoppingError:
            raise
        except (InvalidRequestError, ServiceUnavailableError) as error:
            is_bad = isinstance(error, InvalidRequestError)
            self._locator.failed(place, is_bad=is_bad)
            with self._lock:
                self._places.pop(place.url, None)
            if is_bad and self._locator.has_another(place):
                raise _ElsewhereError(f"{error}; its next place is tried") from error
            raise

    @cachedmethod(attrgetter("_places"), key=lambda _self, url, **_: url, lock=attrgetter("_lock"))
    def _place(self, url: str, *, opens: bool = False) -> Place:
        """Return where the file is; a server is asked once for all that one chunk needs of it."""
        if url.startswith(_HERE):
            return self._locator.locate(url)
        return daemon_result(lambda: self._locator.locate(url, opens=opens), self._stopping)

    @cachedmethod(
        attrgetter("_guesses"),
        key=lambda _self, place: (place.url, place.version),
        lock=attrgetter("_lock"),
    )
    def _guess(self, place: Place) -> FormatRow:
        with ExitStack() as stack:
            content = place.open(stack)
            place.look(content)  # whoever asks what it is wants to open it
            return guess(place.url, place.read(content, 0, FIRST_BYTES))

    def _format(self, row: FormatRow) -> Format:
        with self._making:
            if row.name not in self._formats:
                self._formats[row.name] = row.read_with(self._kept)
            return self._formats[row.name]


def _row_of(survey: Survey) -> FormatRow:
    (row,) = (row for row in FORMATS if row.name == survey.format)
    return row


def _believed_until(_url: str, place: Place, now: float) -> float:
    return now + place.holds_s
