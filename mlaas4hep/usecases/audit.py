"""What people change is told to the audit log."""

import logging
from dataclasses import asdict

from mlaas4hep.core.requests.deed import Deed
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


def note(deed: Deed, services: Services) -> None:
    """Add a deed to the audit log; where that takes none, it stands in the function's own log."""
    try:
        services.audit.note(deed)
    except ServiceUnavailableError as error:
        log.warning("the audit log does not take it (%s): %s", error, asdict(deed))
