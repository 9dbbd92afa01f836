"""Bearer tokens: those of people, from the deployment's issuer, and those of the dispatcher."""

import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from cachetools import TLRUCache

from mlaas4hep.adapters.identity.keyset import Fetch, KeySet, fetch_json
from mlaas4hep.adapters.identity.refusals import GET_ONE
from mlaas4hep.core import keys
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import UnauthenticatedError

PEOPLES_ALGORITHMS = ("RS256", "ES256", "EdDSA")  #: never a shared secret, never "none"
REMEMBERED_S = 60.0  #: a token that was checked is not checked again for this long
_REMEMBERED = 4096  #: how many of them
_MAX_TOKEN = 16 * 1024
_MAX_GROUPS, _MAX_GROUP = 500, 256  #: groups of a token, characters of one
_DISPATCHER = "dispatcher"


class Trust(Protocol):
    """Whose tokens are believed; `Settings` is one."""

    @property
    def issuer(self) -> str:
        """The `iss` of every token; empty: nobody is let in."""

    @property
    def audience(self) -> str:
        """The `aud` that a token must name."""

    @property
    def jwks_url(self) -> str:
        """Where the issuer's keys are; empty: ask its discovery document."""

    @property
    def groups_claim(self) -> str:
        """The claim that lists a person's groups."""

    @property
    def admin_group(self) -> str:
        """The group whose members are admins; empty: nobody is."""


class Verifier:
    """Turns `Authorization` headers of people into persons."""

    def __init__(
        self,
        settings: Trust,
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Fetch nothing yet; the first token does."""
        self._settings = settings
        self._clock = clock
        self._keys = KeySet(settings.issuer, settings.jwks_url, fetch, clock)
        self._lock = threading.Lock()
        self._remembered: TLRUCache[bytes, tuple[float, Person]] = TLRUCache(
            _REMEMBERED, ttu=lambda _name, known, _now: known[0], timer=clock
        )

    def person(self, authorization: str | None) -> Person:
        """Return who sent this header.

        Raises:
            UnauthenticatedError: there is no bearer token, or it does not hold.
            ServiceUnavailableError: the issuer's keys are needed and cannot be fetched.
        """
        token = bearer(authorization)
        name = hashlib.sha256(token.encode()).digest()
        with self._lock:
            known = self._remembered.get(name)
        if known is None:
            known = self._check(token)
            with self._lock:
                self._remembered[name] = known
        return known[1]

    def _check(self, token: str) -> tuple[float, Person]:
        if not self._settings.issuer:
            raise UnauthenticatedError("this deployment names no issuer (MLAAS_ISSUER)")
        from mlaas4hep.adapters.identity import jose  # noqa: PLC0415 - with the first token

        key = self._keys.key(jose.key_name(token, PEOPLES_ALGORITHMS))
        claims = jose.claims_of(
            token,
            key,
            algorithms=list(PEOPLES_ALGORITHMS),
            audience=self._settings.audience,
            issuer=self._settings.issuer,
            required=("exp", "iss", "aud", "sub"),
        )
        return min(claims["exp"], self._clock() + REMEMBERED_S), self._person(claims)

    def _person(self, claims: dict[str, Any]) -> Person:
        groups = _groups(claims.get(self._settings.groups_claim))
        subject = claims["sub"]
        if not subject or not _is_text(subject):
            raise UnauthenticatedError("the token's `sub` is empty or no text", hint=GET_ONE)
        names = (claims.get(claim) for claim in ("preferred_username", "email", "name"))
        return Person(
            owner=keys.owner(claims["iss"], subject),
            subject=subject,
            name=next((name for name in names if _is_text(name) and name), ""),
            groups=groups,
            is_admin=bool(self._settings.admin_group) and self._settings.admin_group in groups,
        )


class DispatcherSigner:
    """Makes the tokens with which the dispatcher calls functions."""

    def __init__(self, private_key_pem: str) -> None:
        from mlaas4hep.adapters.identity.signing import SigningKey  # noqa: PLC0415 - one process signs

        self._key = SigningKey.from_pem(private_key_pem)

    def token(self, function: str, event_id: str, ttl_s: int = 300) -> str:
        """Return a token for one delivery of one event to one function."""
        now = int(time.time())
        return self._key.sign(
            {"sub": _DISPATCHER, "aud": function, "evt": event_id, "iat": now, "exp": now + ttl_s}
        )


class DispatcherVerifier:
    """Checks that a call comes from the dispatcher and is meant for one function."""

    def __init__(self, public_key_pem: str, function: str) -> None:
        self._pem = public_key_pem
        self._function = function

    def event_id(self, authorization: str | None) -> str:
        """Return the id of the only event that this header may deliver.

        Raises:
            UnauthenticatedError: the header is not a token of the dispatcher for this function.
        """
        from mlaas4hep.adapters.identity import jose  # noqa: PLC0415 - with the first token

        token = bearer(authorization)
        jose.key_name(token, (jose.DISPATCHERS_ALGORITHM,))
        claims = jose.claims_of(
            token,
            self._pem,
            algorithms=[jose.DISPATCHERS_ALGORITHM],
            audience=self._function,
            issuer=None,
            required=("exp", "aud", "sub", "evt"),
        )
        if claims["sub"] != _DISPATCHER:
            raise UnauthenticatedError(f"the token is of {claims['sub']!r}, not of the dispatcher")
        return str(claims["evt"])


def bearer(authorization: str | None) -> str:
    """Return the token in an `Authorization` header; UnauthenticatedError without one."""
    scheme, _, token = (authorization or "").strip().partition(" ")
    token = token.strip()
    if not token and scheme.lower() in ("", "bearer"):
        raise UnauthenticatedError("there is no token", hint=GET_ONE)
    if scheme.lower() != "bearer":
        raise UnauthenticatedError(
            f"{scheme[:20]!r} authorization does not work here", hint=GET_ONE
        )
    if not token.isascii():  # what no text can hold, too: half of a character
        raise UnauthenticatedError(
            "the token is not a JWT: it has letters that none has", hint=GET_ONE
        )
    if len(token) > _MAX_TOKEN:
        raise UnauthenticatedError(f"the token is longer than {_MAX_TOKEN} characters")
    return token


def _groups(value: Any) -> tuple[str, ...]:
    """Return the groups that a claim lists; UnauthenticatedError when it is absurdly large."""
    listed = (value,) if isinstance(value, str) else value if isinstance(value, list) else ()
    groups = tuple(group for group in listed if _is_text(group))
    if len(groups) > _MAX_GROUPS or any(len(group) > _MAX_GROUP for group in groups):
        raise UnauthenticatedError(
            f"the token lists more than {_MAX_GROUPS} groups, or one of over {_MAX_GROUP} characters"
        )
    return groups


def _is_text(value: Any) -> bool:
    """Tell whether a claim is text that can be stored: JSON may hold halves of characters."""
    return isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
