"""What an answer says is wrong, as one of our errors."""

import httpx

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


def raise_for(response: httpx.Response) -> None:
    """Do nothing for a success.

    Raises:
        MlaasError: what the deployment says is wrong, with its hint.
    """
    if response.is_success:
        return
    told = problem(response)
    later = response.status_code in LATER or response.is_server_error
    kind = _NAMED.get(response.status_code, ServiceUnavailableError if later else PermanentError)
    error: MlaasError = kind(told.message)
    error.problem = told
    if told.hint:
        error.add_note(told.hint)  # which a traceback shows below the message
    raise error


def problem(response: httpx.Response) -> Problem:
    """Return what the answer says is wrong, also if it comes from a proxy on the way."""
    try:
        body = response.json()
    except ValueError:
        body = None
    members = body if isinstance(body, dict) else {}
    for told in (members.get("problem"), members.get("error")):  # TFaaS's answers have both
        if isinstance(told, dict) and "message" in told:
            known = {name: str(told.get(name, "")) for name in Problem.__dataclass_fields__}
            return Problem(**known)
    text = members.get("error") if isinstance(members.get("error"), str) else ""
    text = text or response.text.strip()[:200]
    return Problem(
        code=f"http_{response.status_code}",
        message=f"{response.request.url} answered {response.status_code}: {text}",
        hint="is this the address of a deployment? such as http://127.0.0.1:8080",
    )


def unreachable(url: str, error: Exception) -> ServiceUnavailableError:
    """Return the error that tells that nobody answers at `url`."""
    return ServiceUnavailableError(
        f"{url} cannot be reached: {str(error) or type(error).__name__}",
        hint="is the platform up, and the address right?",
    )
