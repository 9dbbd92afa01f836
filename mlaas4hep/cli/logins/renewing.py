"""The token of an endpoint, renewed before it ends or when it is refused, and written down."""

import time
from collections.abc import Callable
from dataclasses import replace

from mlaas4hep.cli.logins import endpoints, refreshtokens
from mlaas4hep.cli.logins.endpoints import Endpoint
from mlaas4hep.client.oauth.grant import Grant, ends_at
from mlaas4hep.client.oauth.provider import refresh
from mlaas4hep.errors import ServiceUnavailableError, UnauthenticatedError

_EARLY_S = 30.0  #: a token that ends this soon is replaced before it is used
_LOCKED_S = 60.0  #: how long another process of the same person may take


class EndpointTokens:
    """Tokens for one endpoint; several processes of a person renew one after the other."""

    def __init__(self, endpoint: Endpoint, clock: Callable[[], float] = time.time) -> None:
        self._endpoint = endpoint
        self._clock = clock

    def current(self) -> str:
        """Return the token for the next call, renewed if it is about to end.

        Raises:
            UnauthenticatedError: it ended, and there is no other.
        """
        end = ends_at(self._endpoint.token)
        if self._endpoint.renewal is None or end is None or end - self._clock() > _EARLY_S:
            return self._endpoint.token
        try:
            return self._renewed()
        except ServiceUnavailableError:
            if end > self._clock():
                return self._endpoint.token  # it still holds; the provider may be back later
            raise

    def after(self, refused: str) -> str | None:
        """Return another token in place of one that was refused; None if there is no other."""
        if self._endpoint.renewal is None or refused != self._endpoint.token:
            return None
        return self._renewed()

    def _renewed(self) -> str:
        from filelock import FileLock  # noqa: PLC0415 - only who signed in with a code needs it

        with FileLock(endpoints.place().with_suffix(".lock"), timeout=_LOCKED_S):
            known = endpoints.load()
            stored = known.find(self._endpoint.name)
            if stored.token == self._endpoint.token:
                stored = _next(stored)
                endpoints.save(known.replacing(stored))
        self._endpoint = stored
        return stored.token


def _next(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint with a fresh token.

    Raises:
        UnauthenticatedError: the sign-in has ended.
    """
    again = f"mlaas4hep login {endpoint.name} --url {endpoint.url}"
    if endpoint.renewal is None:
        raise UnauthenticatedError("the token has ended", hint=again)
    secret = endpoint.renewal.refresh_token or refreshtokens.find(endpoint.name)
    if not secret:
        raise UnauthenticatedError("there is no refresh token any more", hint=again)
    try:
        grant = refresh(replace(endpoint.renewal, refresh_token=secret))
    except UnauthenticatedError as error:
        raise UnauthenticatedError(error.problem.message, hint=again) from error
    return with_grant(endpoint, grant)


def with_grant(endpoint: Endpoint, grant: Grant) -> Endpoint:
    """Return an endpoint with the tokens of a grant; a new refresh token goes where it is safest.

    Raises:
        UnauthenticatedError: the grant lacks the kind of token that the deployment takes.
    """
    renewal = endpoint.renewal
    token = grant.tokens().get(renewal.kind) if renewal else None
    if renewal is None or token is None:
        raise UnauthenticatedError("the identity provider gave no token that opens the deployment")
    if grant.refresh_token:
        is_safe = refreshtokens.keep(endpoint.name, grant.refresh_token)
        renewal = replace(renewal, refresh_token="" if is_safe else grant.refresh_token)
    return replace(endpoint, token=token, renewal=renewal)
