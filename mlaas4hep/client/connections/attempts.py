"""One call, repeated while the deployment asks for it, and once more with a fresh token."""

import httpx2

from mlaas4hep import errors
from mlaas4hep.client.connections.moves import Asking, Exchange, Form, Pause, TokenRefusal
from mlaas4hep.client.files import CutOffError
from mlaas4hep.client.problems import LATER, broken_off, problem, raise_for, unreachable
from mlaas4hep.core.backoff import backoff_s

RETRIES = 5
_NOT_DONE = (429, 503)  #: statuses after which nothing was done
_SAFE = ("GET", "PUT", "DELETE", "HEAD")  #: may be repeated even if they have arrived
_LONGEST_PAUSE_S = 30.0
_UNAUTHORIZED = 401


def attempts(exchange: Exchange, retries: int = RETRIES) -> Asking[httpx2.Response]:
    """Return the good answer to a call.

    Raises:
        MlaasError: what the deployment says is wrong.
        ServiceUnavailableError: it cannot be reached, or stays busy.
    """
    was_refused = False
    attempt = 0
    while True:
        try:
            response: httpx2.Response = yield exchange
        except (httpx2.TransportError, CutOffError) as error:
            if attempt == retries or not _may_repeat(exchange.method, error):
                error_of = broken_off if exchange.target else unreachable
                raise error_of(exchange.url, error) from error
            yield Pause(_growing(attempt))
            attempt += 1
            continue
        if response.status_code == _UNAUTHORIZED and not was_refused:
            was_refused = True
            if (yield TokenRefusal()):
                continue
        if attempt == retries or not _is_later(exchange.method, response):
            raise_for(response)
            return response
        yield Pause(_pause_s(response, attempt))
        attempt += 1


def post_form(form: Form) -> Asking[None]:
    """Send a form; that is not repeated.

    Raises:
        MlaasError: as `attempts`.
    """
    try:
        response = yield form
    except httpx2.TransportError as error:
        raise unreachable(form.url, error) from error
    raise_for(response)


def _may_repeat(method: str, error: Exception) -> bool:
    return method in _SAFE or isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)


def _is_later(method: str, response: httpx2.Response) -> bool:
    statuses = LATER if method in _SAFE else _NOT_DONE
    return response.status_code in statuses and problem(response).code != errors.QuotaError.code


def _pause_s(response: httpx2.Response, attempt: int) -> float:
    asked = response.headers.get("Retry-After", "")
    wanted = float(asked) if asked.isascii() and asked.isdigit() else _growing(attempt)
    return min(wanted, _LONGEST_PAUSE_S)


def _growing(attempt: int) -> float:
    return backoff_s(attempt, first_s=0.5, longest_s=_LONGEST_PAUSE_S)
