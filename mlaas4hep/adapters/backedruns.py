"""`RunBook` that tells a record that is lost from one that was deleted: by the store, the truth."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import NotFoundError, ServiceUnavailableError
from mlaas4hep.ports import ObjectStore, RunBook


class BackedRunBook:
    """A run book; what it does not find although the store has it is away until it is rebuilt."""

    def __init__(self, book: RunBook, stored: ObjectStore) -> None:
        """Take a book, and the bucket in which `pipeline.records` writes every record down."""
        self._book = book
        self._stored = stored
        self.create = book.create
        self.list = book.list
        self.delete = book.delete
        self.next_number = book.next_number
        self.hear = book.hear

    def get(self, owner: str, name: str) -> Run:
        """Return a run; ServiceUnavailableError if its record is lost."""
        with self._told_apart(owner, name):
            return self._book.get(owner, name)

    def apply(self, events: Iterable[Event]) -> Run | None:
        """Apply the events of one run; ServiceUnavailableError if its record is lost."""
        news = list(events)
        run = self._book.apply(news)
        if run is None and news:
            self._refuse_lost(news[0].owner, news[0].run)
        return run

    def wait(self, owner: str, name: str, until: Callable[[Run], bool], timeout_s: float) -> Run:
        """Wait as the book does; ServiceUnavailableError if the record is lost."""
        with self._told_apart(owner, name):
            return self._book.wait(owner, name, until, timeout_s)

    @contextmanager
    def _told_apart(self, owner: str, name: str) -> Iterator[None]:
        try:
            yield
        except NotFoundError:
            self._refuse_lost(owner, name)
            raise

    def _refuse_lost(self, owner: str, name: str) -> None:
        if self._stored.info(files.key(owner, name, files.RUN)) is not None:
            raise ServiceUnavailableError(
                f"the record of run {name!r} is lost and being rebuilt from the store"
            )
