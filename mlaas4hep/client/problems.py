"""What an answer says is wrong, as one of our errors."""

import httpx2

from mlaas4hep import errors
from mlaas4hep.errors import MlaasError, PermanentError, Problem, ServiceUnavailableError

LATER = (429, 502, 503, 504)  #: statuses with which the same call may work later
_NAMED = {
    kind.status: kind
    for kind in (
        errors.InvalidRequestError,
        errors.UnauthenticatedError,
        errors.ForbiddenError,
        errors.NotFoundError,
        errors.ConflictError,
        errors.TooLargeError,
        errors.QuotaError,
    )
}


def raise_for(response: httpx2.Response) -> None:
    """Do nothing for a success.

    Raises:
        MlaasError: what the deployment says is wrong, with its hint.
    """
    if response.is_success:
        return
    found = problem(response)
    later = response.status_code in LATER or response.is_server_error
    kind = _NAMED.get(response.status_code, ServiceUnavailableError if later else PermanentError)
    error: MlaasError = kind(found.message)
    error.problem = found
    if found.hint:
        error.add_note(found.hint)  # which a traceback shows below the message
    raise error


def problem(response: httpx2.Response) -> Problem:
    """Return what the answer says is wrong, also if it comes from a proxy on the way."""
    try:
        body = response.json()
    except ValueError:
        body = None
    members = body if isinstance(body, dict) else {}
    for named in (members.get("problem"), members.get("error")):  # TFaaS's answers have both
        if isinstance(named, dict) and "message" in named:
            known = {name: str(named.get(name, "")) for name in Problem.__dataclass_fields__}
            return Problem(**known)
    text = members.get("error") if isinstance(members.get("error"), str) else ""
    text = text or response.text.strip()[:200]
    return Problem(
        code=f"http_{response.status_code}",
        message=f"{response.request.url} answered {response.status_code}: {text}",
        hint="is this the address of a deployment? such as http://127.0.0.1:8080",
    )


def broken_off(url: str, error: Exception) -> ServiceUnavailableError:
    """Return the error that tells that a file from `url` did not come, or not whole.

    Who answers may have sent us to its store: it is named, as the platform is not to blame then.
    """
    asked = error.request.url if isinstance(error, httpx2.RequestError) else httpx2.URL(url)
    sent = asked.host != httpx2.URL(url).host or asked.port != httpx2.URL(url).port
    store = f"{asked.scheme}://{asked.netloc.decode()}"  # without the query, which is signed
    where = f"{store}, where the file of {url} lies," if sent else url
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        if not sent:
            return unreachable(url, error)
        return ServiceUnavailableError(
            f"{where} cannot be reached: {_text(error)}",
            hint="the platform itself answers; `?through=1` lets the file come through it (openapi.yaml)",
        )
    return ServiceUnavailableError(
        f"the download from {where} broke off: {_text(error)}",
        hint="nothing was saved; the same call begins again, with a new address where one is signed",
    )


def _text(error: Exception) -> str:
    return str(error) or type(error).__name__


def unreachable(url: str, error: Exception) -> ServiceUnavailableError:
    """Return the error that tells that nobody answers at `url`."""
    return ServiceUnavailableError(
        f"{url} cannot be reached: {_text(error)}",
        hint="is the platform up, and the address right?",
    )
