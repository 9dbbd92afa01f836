"""A data source that is made when the first file is opened: most functions never open one."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from mlaas4hep.core.columns import Columns
from mlaas4hep.core.tree import TreeInfo
from mlaas4hep.ports import DataSource


class LazySource:
    """`DataSource` whose real one is made, and its libraries imported, at first use."""

    def __init__(self, make: Callable[[], DataSource]) -> None:
        self._make = make

    @cached_property
    def _source(self) -> DataSource:
        return self._make()

    def describe(self, url: str, tree: str) -> TreeInfo:
        """Open the file and return what it holds."""
        return self._source.describe(url, tree)

    def read(
        self, url: str, tree: str, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order."""
        return self._source.read(url, tree, branches, start, stop)
