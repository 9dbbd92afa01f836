"""Who has which models: listed once, and again when the owner's mark in the store has changed."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import MlaasError
from mlaas4hep.ports import ObjectStore
from mlaas4hep.serving.records import Records
from mlaas4hep.usecases.modelstore import listed

log = logging.getLogger(__name__)

RENEWED_S = 60.0  #: a list is made again after that, should a change not have been marked

Dated = tuple[ModelRecord, float]  #: and when it was written


@dataclass(frozen=True, slots=True)
class _List:
    """The models of one owner as they were when the owner's mark was `mark`, or later."""

    mark: str
    models: tuple[Dated, ...]
    at: float


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, daemon=True).start()


class ModelLists:
    """The models of one bucket, which holds every file of every model: listing that takes long.

    A change by whomever is in the next answer, because its writer marks the owner afterwards. A
    list older than a minute is answered, too, and made again meanwhile: a writer may have died
    before the mark, or be of a release that marks nobody.
    """

    def __init__(
        self,
        store: ObjectStore,
        clock: Callable[[], float] = time.monotonic,
        aside: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._store = store
        self._clock = clock
        self._aside = aside  #: runs what nobody waits for
        self._records = Records()
        self._lists: dict[str, _List] = {}
        self._everybody_at: float | None = None  #: when the whole bucket was listed
        self._renewing = threading.Lock()

    def of(self, owner: str) -> list[Dated]:
        """Return the models of an owner by name."""
        mark = self._marks(owner).get(owner, "")
        known = self._lists.get(owner)
        if known is None or known.mark != mark:
            known = self._list(owner, mark)
        elif self._clock() - known.at > RENEWED_S:
            self._renew(partial(self._list, owner, mark))
        return list(known.models)

    def everybody(self) -> list[Dated]:
        """Return the models of all owners, by owner and name."""
        marks = self._marks()
        if self._everybody_at is None:
            self._list_everybody(marks)
        elif self._clock() - self._everybody_at > RENEWED_S:
            self._renew(partial(self._list_everybody, marks))
        for owner, mark in marks.items():
            known = self._lists.get(owner)
            if known is None or known.mark != mark:
                self._list(owner, mark)
        return [model for _, known in sorted(self._lists.items()) for model in known.models]

    def _marks(self, owner: str = "") -> dict[str, str]:
        """Return the marks of one owner, or of all; always before anything is listed."""
        found = self._store.list(keys.models_mark(owner))
        return {info.key.removeprefix(keys.models_mark("")): info.etag for info in found}

    def _list(self, owner: str, mark: str) -> _List:
        at = self._clock()
        models = tuple(listed(self._store, owner, self._records.read))
        made = self._lists[owner] = _List(mark, models, at)
        return made

    def _list_everybody(self, marks: dict[str, str]) -> None:
        at = self._clock()
        found: dict[str, list[Dated]] = {owner: [] for owner in (*self._lists, *marks)}
        for record, modified_at in listed(self._store, None, self._records.read):
            found.setdefault(record.owner, []).append((record, modified_at))
        for owner, models in found.items():
            self._lists[owner] = _List(marks.get(owner, ""), tuple(models), at)
        self._everybody_at = at

    def _renew(self, make: Callable[[], object]) -> None:
        """Make a list again while the old one is answered; one at a time."""
        if self._renewing.acquire(blocking=False):
            self._aside(partial(self._renewed, make))

    def _renewed(self, make: Callable[[], object]) -> None:
        try:
            make()
        except MlaasError as error:  # the next question tries again
            log.warning("models could not be listed: %s", error)
        finally:
            self._renewing.release()
