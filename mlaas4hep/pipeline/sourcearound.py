"""A data source around another one, of which others change what they need to."""

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from typing import Self

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.ports import DataSource, Stopping


class SourceAround:
    """A data source that does as another one; who inherits says what differs."""

    def __init__(self, source: DataSource) -> None:
        self._source = source

    def find(self, pattern: str) -> Sequence[str]:
        """List as the source does."""
        return self._source.find(pattern)

    def trees(self, url: str) -> tuple[str, ...]:
        """Name the trees as the source does."""
        return self._source.trees(url)

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Describe as the source does."""
        return self._source.describe(url, tree)

    def survey(self, url: str, tree: str, branches: Iterable[str]) -> Survey:
        """Survey as the source does."""
        return self._source.survey(url, tree, branches)

    def expect(self, survey: Survey, branches: Iterable[str], start: int, stop: int) -> None:
        """Expect as the source does."""
        self._source.expect(survey, branches, start, stop)

    def read(
        self, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Read as the source does."""
        return self._source.read(survey, branches, start, stop)

    def under(self, stopping: Stopping) -> Self:
        """Return the same around the source for one step."""
        ours = copy(self)
        ours._source = self._source.under(stopping)  # noqa: SLF001 - it is one of us
        return ours
