"""What people change is told to the audit log."""

import logging
from dataclasses import asdict

from mlaas4hep.core.requests.auditedaction import AuditedAction
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


def note(audited: AuditedAction, services: Services) -> None:
    """Add an action to the audit log; where that takes none, it stands in the function's own log."""
    try:
        services.audit.note(audited)
    except ServiceUnavailableError as error:
        log.warning("the audit log does not take it (%s): %s", error, asdict(audited))
