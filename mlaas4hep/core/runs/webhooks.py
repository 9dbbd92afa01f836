"""Telling a run's end to an address of its owner: what is told, how it is signed, when again."""

import hashlib
import hmac
from dataclasses import dataclass, replace

from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.core.runs.run import Run

GIVEN_UP_S = 24 * 3600.0  #: after the run's end
_FIRST_S, _LONGEST_S = 20.0, 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How far the news of one attempt's end has come."""

    attempt: int
    tries: int = 0
    next_at: float = 0.0  #: seconds since 1970
    is_over: bool = False  #: it arrived, or was refused for good
    status: int | None = None  #: of the last answer; None: there was none


def due(run: Run, known: Delivery | None, now: float) -> Delivery | None:
    """Return the delivery to try now, counted and put off already; None: nothing is due.

    Args:
        known: what is stored of it.
    """
    if not run.is_final or now - run.updated_at > GIVEN_UP_S:
        return None
    if known is None or known.attempt != run.attempt:
        known = Delivery(attempt=run.attempt)
    if known.is_over or now < known.next_at:
        return None
    pause = backoff_s(known.tries, first_s=_FIRST_S, longest_s=_LONGEST_S)
    return replace(known, tries=known.tries + 1, next_at=now + pause)


def answered(tried: Delivery, status: int | None) -> Delivery:
    """Return the delivery after an answer; 2xx is received, 410 means: never again."""
    received = status is not None and (200 <= status < 300 or status == 410)  # noqa: PLR2004 - HTTP
    return replace(tried, status=status, is_over=received)


def secret_of(key: bytes, owner: str) -> str:
    """Return the secret that an owner checks signatures with; it follows from the deployment's."""
    return hmac.new(key, f"webhooks of {owner}".encode(), hashlib.sha256).hexdigest()


def signature(secret: str, at: int, body: bytes) -> str:
    """Return the header that proves who sent `body`, and when: `t=SECONDS,v1=HEX`."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256)
    return f"t={at},v1={signed.hexdigest()}"
