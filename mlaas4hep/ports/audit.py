"""The audit log."""

from typing import Protocol

from mlaas4hep.core.requests.auditedaction import AuditedAction


class Audit(Protocol):
    """What people changed: only ever added to."""

    def note(self, audited: AuditedAction) -> None:
        """Add an action durably, or raise ServiceUnavailableError."""

    def newest(self, limit: int, owner: str = "") -> list[AuditedAction]:
        """Return the newest actions, newest first; of one owner if one is named.

        Raises:
            ServiceUnavailableError: the log cannot be read.
        """


class NoAudit:
    """`Audit` of what keeps no log: one person's own machine."""

    def note(self, audited: AuditedAction) -> None:
        """Forget it."""

    def newest(self, limit: int, owner: str = "") -> list[AuditedAction]:  # noqa: ARG002
        """Return nothing."""
        return []
