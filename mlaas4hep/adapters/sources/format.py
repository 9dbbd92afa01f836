"""What a format of input files gives: see `formats.FORMATS` for those there are."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from mlaas4hep.adapters.sources.places.place import Place
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo


class Format(Protocol):
    """Reads files of one kind, wherever they are; any number of threads may.

    A file that is damaged or of another kind is an InvalidRequestError that names it; what
    `ports.DataSource` says holds for each method. One object reads all files of its kind, and may
    keep what it learnt about a place for as long as the place's version stays the same.
    `tests/contracts/test_format.py` is the suite that every format passes.
    """

    def trees(self, place: Place) -> tuple[str, ...]:
        """Return the names of the trees in the file, sorted; none in a format without trees."""

    def describe(self, place: Place, tree: str) -> TreeInfo:
        """Return what the file holds; a format without trees does not look at `tree`."""

    def survey(self, place: Place, tree: str, branches: Iterable[str]) -> Survey:
        """Return what `read` needs to know about `branches`; its layout is the format's own."""

    def expect(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> None:
        """Have the bytes with which `read` begins on their way, if a server has to be asked for them."""

    def read(
        self, place: Place, survey: Survey, branches: Iterable[str], start: int, stop: int
    ) -> Iterator[Columns]:
        """Yield entries [start, stop) of `branches` in order, in blocks of bounded memory."""
