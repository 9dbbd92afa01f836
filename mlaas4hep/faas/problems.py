"""What a caller is told when something goes wrong: one place for all functions."""

import errno
import logging
from dataclasses import dataclass

from mlaas4hep.errors import MlaasError, Problem, ServiceUnavailableError

log = logging.getLogger(__name__)

_UNAUTHENTICATED = 401
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE})
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

    What we did not foresee is logged with its traceback and shown to nobody. A machine on which
    there is no room now is no failure of ours or of who asks.
    """
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        error = ServiceUnavailableError(
            f"there is no room on the machine: {error.strerror}",
            hint="an operator has to make room; what was asked for is done then",
        )
    if isinstance(error, MlaasError):
        log.info("%d %s: %s", error.status, error.code, error)
        return Failure(problem=error.problem, status=error.status)
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    problem = Problem(
        code="internal_error",
        message="something went wrong inside; the function's log has the details",
    )
    return Failure(problem=problem, status=500)
