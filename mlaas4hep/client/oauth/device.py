"""Signing in with a code (RFC 8628): the terminal shows it, a browser anywhere confirms it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from mlaas4hep.client.oauth.grant import Grant
from mlaas4hep.client.oauth.provider import Provider, ask, reason
from mlaas4hep.errors import ServiceUnavailableError, UnauthenticatedError

_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_INTERVAL_S, _SLOWER_S = 5.0, 5.0  #: what the standard says if the provider does not
_SHORTEST_S, _SLOWEST_S = 1.0, 60.0  #: between two questions, whatever the provider says
_LONGEST_S = 1800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """What a person confirms, and what the terminal asks with meanwhile."""

    user_code: str
    url: str  #: where it is confirmed; with the code in it, if the provider has such an address
    interval_s: float
    seconds: float  #: until it ends
    device_code: str = field(repr=False)
    client_id: str
    token_url: str
    resource: str


def start(provider: Provider, client_id: str, scopes: str, resource: str) -> DeviceCode:
    """Return a code for a person to confirm.

    Raises:
        UnauthenticatedError: the provider does not know this client, or its scopes.
        ServiceUnavailableError: it cannot be reached, or its answer lacks something.
    """
    form = {"client_id": client_id, "scope": scopes, "resource": resource}
    agreed, answer = ask(provider.device_url, form)
    if not agreed:
        raise UnauthenticatedError(f"the identity provider gives no code: {reason(answer)}")
    try:
        return DeviceCode(
            user_code=str(answer["user_code"]),
            url=str(answer.get("verification_uri_complete") or answer["verification_uri"]),
            interval_s=_interval_s(answer.get("interval", _INTERVAL_S)),
            seconds=min(_LONGEST_S, float(answer["expires_in"])),
            device_code=str(answer["device_code"]),
            client_id=client_id,
            token_url=provider.token_url,
            resource=resource,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ServiceUnavailableError(f"{provider.device_url} answered without {error}") from error


def wait(code: DeviceCode, pause: Callable[[float], None]) -> Grant:
    """Return the tokens once the code is confirmed.

    Raises:
        UnauthenticatedError: the person said no, or nothing in time.
        ServiceUnavailableError: the provider cannot be reached.
    """
    interval, waited = code.interval_s, 0.0
    while waited < code.seconds:
        agreed, answer = _poll(code)
        if agreed:
            return Grant.of(answer)
        if answer.get("error") == "slow_down":
            interval += _SLOWER_S
        elif answer.get("error") != "authorization_pending":
            raise UnauthenticatedError(f"you are not signed in: {reason(answer)}")
        pause(interval)
        waited += interval
    raise UnauthenticatedError(
        f"nobody confirmed the code {code.user_code} in {code.seconds:.0f} s", hint="log in again"
    )


def _interval_s(said: Any) -> float:
    """Return a bearable pause: none would ask the provider without end, a long one never again."""
    return min(_SLOWEST_S, max(_SHORTEST_S, float(said)))


def _poll(code: DeviceCode) -> tuple[bool, dict[str, Any]]:
    form = {
        "grant_type": _GRANT,
        "client_id": code.client_id,
        "device_code": code.device_code,
        "resource": code.resource,
    }
    return ask(code.token_url, form)
