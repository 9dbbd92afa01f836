"""An OpenID Connect provider as a terminal meets it: found by its issuer, asked for tokens."""

from dataclasses import dataclass
from typing import Any

import httpx2

from mlaas4hep.client.oauth.grant import Grant, Renewal
from mlaas4hep.client.problems import unreachable
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError, UnauthenticatedError

_TIMEOUT_S = 30.0
_DISCOVERY = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The addresses of a provider that devices need."""

    token_url: str
    device_url: str


def discover(issuer: str) -> Provider:
    """Return where an issuer gives codes and tokens.

    Raises:
        InvalidRequestError: it has no sign-in for devices.
        ServiceUnavailableError: it cannot be reached, or does not say.
    """
    url = issuer.rstrip("/") + _DISCOVERY
    answer = _json(_answer("GET", url), url)
    token, device = answer.get("token_endpoint"), answer.get("device_authorization_endpoint")
    if not isinstance(token, str):
        raise ServiceUnavailableError(f"{url} names no token_endpoint")
    if not isinstance(device, str):
        raise InvalidRequestError(
            f"the identity provider {issuer} has no sign-in for terminals (device code)",
            hint="copy a token from the page (Me), and pipe it into `mlaas4hep login`",
        )
    return Provider(token_url=token, device_url=device)


def ask(url: str, form: dict[str, str]) -> tuple[bool, dict[str, Any]]:
    """Send a form, and return whether the provider agrees, and what it says.

    Raises:
        ServiceUnavailableError: it cannot be reached, or has trouble.
    """
    response = _answer("POST", url, data={name: text for name, text in form.items() if text})
    if response.is_server_error:
        raise ServiceUnavailableError(f"{url} answered {response.status_code}")
    return response.is_success, _json(response, url)


def refresh(renewal: Renewal) -> Grant:
    """Return fresh tokens.

    Raises:
        UnauthenticatedError: the provider gives none any more: sign in again.
        ServiceUnavailableError: it cannot be reached.
    """
    agreed, answer = ask(
        renewal.token_url,
        {
            "grant_type": "refresh_token",
            "client_id": renewal.client_id,
            "refresh_token": renewal.refresh_token,
            "resource": renewal.resource,
        },
    )
    if not agreed:
        raise UnauthenticatedError(f"your sign-in has ended: {reason(answer)}")
    return Grant.of(answer)


def reason(answer: dict[str, Any]) -> str:
    """Return why a provider refuses."""
    return str(answer.get("error_description") or answer.get("error") or "no reason was given")


def _answer(method: str, url: str, **given: Any) -> httpx2.Response:
    try:
        return httpx2.request(method, url, timeout=_TIMEOUT_S, **given)
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise unreachable(url, error) from error


def _json(response: httpx2.Response, url: str) -> dict[str, Any]:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise ServiceUnavailableError(f"{url} answered {response.status_code} without JSON")
    return answer
