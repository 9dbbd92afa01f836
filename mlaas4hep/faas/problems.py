"""What a caller is told when something goes wrong: one place for all functions."""

import logging
from dataclasses import dataclass

from mlaas4hep.errors import MlaasError, Problem

log = logging.getLogger(__name__)

_UNAUTHENTICATED = 401
_RETRY_AFTER_S = {429: "10", 503: "2"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A problem and the status that tells it."""

    problem: Problem
    status: int

    @property
    def headers(self) -> dict[str, str]:
        """Return when to come again, or what RFC 6750 asks for."""
        if self.status == _UNAUTHENTICATED:
            return {"WWW-Authenticate": 'Bearer realm="mlaas4hep"'}
        after = _RETRY_AFTER_S.get(self.status)
        return {} if after is None else {"Retry-After": after}


def failure(error: Exception) -> Failure:
    """Return what is told about `error`.

    What we did not foresee is logged with its traceback and shown to nobody.
    """
    if isinstance(error, MlaasError):
        log.info("%d %s: %s", error.status, error.code, error)
        return Failure(problem=error.problem, status=error.status)
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    problem = Problem(
        code="internal_error",
        message="something went wrong inside; the function's log has the details",
    )
    return Failure(problem=problem, status=500)
