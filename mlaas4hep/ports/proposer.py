"""Who says what the next trial of a scan tries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mlaas4hep.errors import InvalidRequestError

if TYPE_CHECKING:  # whoever uses a port loads its values; most functions use few
    from mlaas4hep.core.requests.scan import Scan, Values
    from mlaas4hep.core.runs.scans import Trials


class Proposer(Protocol):
    """Learns from the trials so far. It keeps nothing: each answer follows from what it is told."""

    def check(self) -> None:
        """Raise InvalidRequestError if this process cannot propose anything."""

    def propose(self, scan: Scan, trials: Trials) -> Values:
        """Return values for the next trial; the same for the same trials."""

    def pruned(self, scan: Scan, trials: Trials) -> frozenset[int]:
        """Return the numbers of the running trials that are not worth going on."""


class NoProposer:
    """`Proposer` of processes that propose no trials."""

    def check(self) -> None:
        """Refuse."""
        raise InvalidRequestError("scan: nobody proposes trials here")

    def propose(self, scan: Scan, trials: Trials) -> Values:  # noqa: ARG002
        """Refuse."""
        raise InvalidRequestError("scan: nobody proposes trials here")

    def pruned(self, scan: Scan, trials: Trials) -> frozenset[int]:  # noqa: ARG002
        """Let every trial go on."""
        return frozenset()
