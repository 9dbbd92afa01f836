"""The audit log."""

from typing import Protocol

from mlaas4hep.core.requests.deed import Deed


class Audit(Protocol):
    """What people changed: only ever added to."""

    def note(self, deed: Deed) -> None:
        """Add a deed durably, or raise ServiceUnavailableError."""

    def newest(self, limit: int, owner: str = "") -> list[Deed]:
        """Return the newest deeds, newest first; of one owner if one is named.

        Raises:
            ServiceUnavailableError: the log cannot be read.
        """


class NoAudit:
    """`Audit` of what keeps no log: one person's own machine."""

    def note(self, deed: Deed) -> None:
        """Forget it."""

    def newest(self, limit: int, owner: str = "") -> list[Deed]:  # noqa: ARG002
        """Return nothing."""
        return []
