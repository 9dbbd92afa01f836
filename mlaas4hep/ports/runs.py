"""The state of runs, the events that change it, and who works on what."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # whoever uses a port loads its values; most functions use few
    from mlaas4hep.core.runs.events import Event
    from mlaas4hep.core.runs.run import Run


LEASE_S = 5.0  #: what its holder does not renew for so long is free again


class Bus(Protocol):
    """The way events travel to functions."""

    def publish(self, events: Iterable[Event], again: str = "") -> None:
        """Hand the events over durably, or raise ServiceUnavailableError.

        An event whose id was published within the last minutes is dropped silently, unless
        `again` is a text that was not used before: what was lost is told again.
        Events that are sent to nobody are skipped.
        """


class RunBook(Protocol):
    """The state of every run, changed by compare-and-set."""

    def create(self, run: Run) -> None:
        """Write a new run; `list` here then shows all that anybody created before it.

        Raises:
            ConflictError: there is one of this owner and name.
        """

    def get(self, owner: str, name: str) -> Run:
        """Return a run; NotFoundError."""

    def list(self, owner: str | None = None) -> list[Run]:
        """Return all runs of an owner (None: of everybody), oldest first."""

    def apply(self, events: Iterable[Event]) -> Run | None:
        """Apply the events of one run to its record and return the record afterwards.

        Atomic against other writers. None when the run was deleted.
        """

    def delete(self, owner: str, name: str) -> None:
        """Forget a run; one that is not there is fine. Its number is not given out again."""

    def next_number(self, owner: str, folder: str, above: int = 0) -> int:
        """Return 1, 2, 3, … for runs of `folder`; never the same twice, also after a restart.

        Args:
            owner: whose runs.
            folder: what they come from.
            above: a number that is known to be given out already.
        """

    def wait(self, owner: str, name: str, until: Callable[[Run], bool], timeout_s: float) -> Run:
        """Block until the record satisfies `until` or the time is over; return it as it is then.

        Raises:
            NotFoundError: the run is not there, or is deleted meanwhile.
        """

    def hear(self, changed: Callable[[str, str], None]) -> Callable[[], None]:
        """Call `changed(owner, name)` after each change of any run; return what ends that.

        It is called from a thread of the run book and must not block. What changes while the book
        cannot be reached is told afterwards, perhaps several changes as one.
        """


Confirm = Callable[[], None]  #: ServiceUnavailableError: the lease is somebody else's by now


class Leases(Protocol):
    """Who works on what, when two must not."""

    def hold(self, name: str, patience_s: float = 0.0) -> AbstractContextManager[Confirm]:
        """Hold the lease while the context lasts; a dead holder loses it within `LEASE_S`.

        So does one that stands still for as long. Who writes what another holder may have written
        since then asks what the context gives before.

        Args:
            name: of what is held.
            patience_s: how long to wait for another holder to end.

        Raises:
            ServiceUnavailableError: somebody else holds it.
        """
