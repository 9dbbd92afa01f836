"""Signing in with a code: the terminal shows it, a browser anywhere confirms it."""

import time
import webbrowser

from mlaas4hep.cli.logins.endpoints import Endpoint
from mlaas4hep.cli.logins.renewing import with_grant
from mlaas4hep.cli.terminal.screen import tell
from mlaas4hep.client import Client
from mlaas4hep.client.oauth import device
from mlaas4hep.client.oauth.grant import Grant, Renewal
from mlaas4hep.client.oauth.provider import discover
from mlaas4hep.core.runs.views import SignIn
from mlaas4hep.errors import InvalidRequestError, NotFoundError, UnauthenticatedError

_FROM_THE_PAGE = "copy a token from the page (Me), and pipe it into `mlaas4hep login`"


def offered(base: str) -> SignIn | None:
    """Return how terminals sign in at a deployment; None if it offers nothing."""
    with Client(base) as here:
        try:
            found = here.sign_in()
        except (NotFoundError, UnauthenticatedError):  # older than this, or hidden by its door
            return None
    return found if found.client_id and found.issuer else None


def sign_in(name: str, base: str, how: SignIn | None, *, opens: bool) -> Endpoint:
    """Return the endpoint with tokens, once a person has confirmed the code.

    Raises:
        InvalidRequestError: the deployment offers no such sign-in.
        UnauthenticatedError: nobody confirmed it, or the tokens do not open the deployment.
        ServiceUnavailableError: the identity provider cannot be reached.
    """
    if how is None:
        raise InvalidRequestError(f"{base} has no sign-in for terminals", hint=_FROM_THE_PAGE)
    code = device.start(discover(how.issuer), how.client_id, how.scopes, how.resource)
    tell(f"open {code.url}")
    tell(f"and confirm the code {code.user_code}")
    if opens:
        webbrowser.open(code.url)
    grant = device.wait(code, time.sleep)
    renewal = Renewal(
        token_url=code.token_url,
        client_id=code.client_id,
        resource=code.resource,
        kind=_kind(base, grant),
    )
    return with_grant(Endpoint(name=name, url=base, token="", renewal=renewal), grant)


def _kind(base: str, grant: Grant) -> str:
    """Return which of the tokens opens the deployment.

    Raises:
        UnauthenticatedError: none does; the deployment says why.
    """
    refusal = UnauthenticatedError("the identity provider gave no JSON web token")
    for kind, token in grant.tokens().items():
        try:
            with Client(base, token) as here:
                here.usage()
        except UnauthenticatedError as error:
            refusal = error
        else:
            return kind
    raise refusal
