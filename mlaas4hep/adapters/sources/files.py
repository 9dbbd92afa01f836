"""`ports.DataSource`: a place says where the bytes are, a format what they mean."""

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.format import Format
from mlaas4hep.adapters.sources.formats import FIRST_BYTES, FORMATS, FormatRow, guess
from mlaas4hep.adapters.sources.places.locate import locate
from mlaas4hep.adapters.sources.places.place import Place, changed
from mlaas4hep.adapters.sources.spool import BlockSpool
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.newest import Newest
from mlaas4hep.ports import ObjectStore

PLACES = 4000  #: files of which it is known where they are


class DataFiles:
    """Input files in any place and any format."""

    def __init__(self, tarballs: ObjectStore, remote_hosts: str = "*", cache_dir: str = "") -> None:
        self._tarballs = tarballs
        self._remote_hosts = remote_hosts
        self._places: Newest[tuple[float, Place]] = Newest(PLACES)
        self._guesses: Newest[FormatRow] = Newest(PLACES)
        self._formats: dict[str, Format] = {}
        self._making = threading.Lock()
        self._kept = KeptBlocks(BlockSpool(cache_dir))

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""
        place = self._place(url)
        return self._format(self._guess(place)).describe(place, tree)

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`."""
        place = self._place(url)
        return self._format(self._guess(place)).survey(place, tree, branches)

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
        place = self._place(survey.url)
        if place.size_bytes != survey.size_bytes:
            raise changed(survey.url)
        (row,) = (row for row in FORMATS if row.name == survey.format)
        yield from self._format(row).read(place, survey, branches, start, stop)

    def _place(self, url: str) -> Place:
        """Return where the file is; a server is asked once for all that one chunk needs of it."""
        asked_at, place = self._places.get(url) or (0.0, None)
        now = time.monotonic()
        if place is None or now - asked_at >= place.holds_s:
            place = locate(url, self._tarballs, self._remote_hosts)
            self._places.put(url, (now, place))
        return place

    def _guess(self, place: Place) -> FormatRow:
        key = place.url, place.version
        row = self._guesses.get(key)
        if row is None:
            with ExitStack() as stack:
                row = guess(place.url, place.read(place.open(stack), 0, FIRST_BYTES))
            self._guesses.put(key, row)
        return row

    def _format(self, row: FormatRow) -> Format:
        with self._making:
            if row.name not in self._formats:
                self._formats[row.name] = row.read_with(self._kept)
            return self._formats[row.name]
