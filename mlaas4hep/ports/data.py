"""Input files, wherever they are and whatever their format, and tables for others to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mlaas4hep.core.data.columns import Columns

if TYPE_CHECKING:  # whoever uses a port loads its values; most functions use few
    from mlaas4hep.core.data.survey import Survey
    from mlaas4hep.core.data.tree import TreeInfo
    from mlaas4hep.core.models.scoring import Format, Table
    from mlaas4hep.ports.services import Stopping


class DataSource(Protocol):
    """ROOT files, wherever they are.

    `url` is an absolute local path, `root://…`, `https://…`, or `tarball:KEY` for an object in
    bucket tarballs. A file that is missing, truncated or not ROOT is an UnreadableFile…
    InvalidRequestError that names the file; a tree that is not there names those that are;
    a server that does not answer is ServiceUnavailableError.
    """

    def find(self, pattern: str) -> Sequence[str]:
        """Return the URLs of the files of a server that match `root://host//folder/*.root`.

        Only the last part may be a pattern. InvalidRequestError where nothing can be listed.
        """

    def trees(self, url: str) -> tuple[str, ...]:
        """Return the names of the trees in a file, sorted; none in a format without trees."""

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds; reads no entries."""

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Open the file and return what `read` needs to know about `branches`.

        Raises:
            InvalidRequestError: a branch is not there, or cannot be numbers.
        """

    def expect(self, survey: Survey, branches: Iterable[str], start: int, stop: int) -> None:
        """Have the bytes with which `read` of these entries begins on their way from a server.

        It returns at once, does nothing for files that are here, and fails for nothing: whoever
        reads is told.
        """

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory.

        Reads the bytes of those branches and of no others. The survey may have been made by
        another process.

        Raises:
            PermanentError: the file is another one than was surveyed.
        """

    def under(self, stopping: Stopping) -> DataSource:
        """Return the same source for one step: no server is waited for longer than it says."""


class TableWriter(Protocol):
    """Writes tables as files that others read."""

    def write(self, kind: Format, path: Path, parts: Iterable[Table]) -> None:
        """Write the parts one after the other; the first says which columns there are."""
