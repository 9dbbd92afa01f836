"""What PyJWT is asked: the name of a token's key, its claims, and keys of an issuer.

It takes cryptography along, half of what a function's start would take without them, so that this
is loaded with the first token, or when a function that listens has nothing else to do.
"""

import logging
from collections.abc import Iterable
from typing import Any

import jwt

from mlaas4hep.adapters.identity.refusals import GET_ONE
from mlaas4hep.adapters.identity.signing import ALGORITHM
from mlaas4hep.errors import UnauthenticatedError

log = logging.getLogger(__name__)

DISPATCHERS_ALGORITHM = ALGORITHM
LEEWAY_S = 30
_LAST_EXP = 2**40  #: seconds since the epoch; far beyond any token

PublicKey = jwt.PyJWK


def key_name(token: str, algorithms: tuple[str, ...]) -> str | None:
    """Return the name of the token's key, after looking at the algorithm it claims."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise UnauthenticatedError(f"the token is not a JWT: {error}", hint=GET_ONE) from error
    if header.get("alg") not in algorithms:
        raise UnauthenticatedError(
            f"the token is signed with {header.get('alg')!r}, not with {', '.join(algorithms)}",
            hint=GET_ONE,
        )
    kid = header.get("kid")
    return None if kid is None else str(kid)


def claims_of(
    token: str,
    key: PublicKey | str,
    *,
    algorithms: list[str],
    audience: str,
    issuer: str | None,
    required: tuple[str, ...],
) -> dict[str, Any]:
    """Return what a token says that `key` signed; UnauthenticatedError if it does not hold."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=algorithms,
            audience=audience,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": list(required)},
        )
    except jwt.ExpiredSignatureError as error:
        raise UnauthenticatedError("the token has expired", hint="get a new token") from error
    except jwt.InvalidAudienceError as error:
        raise UnauthenticatedError(
            f"the token is not meant for {audience!r}", hint=GET_ONE
        ) from error
    except jwt.InvalidIssuerError as error:
        raise UnauthenticatedError(
            f"the token is not of issuer {issuer!r}", hint=GET_ONE
        ) from error
    except (jwt.PyJWTError, OverflowError) as error:  # some numbers are no time
        raise UnauthenticatedError(f"the token does not hold: {error}", hint=GET_ONE) from error
    if not isinstance(claims["exp"], int | float) or not 0 < claims["exp"] < _LAST_EXP:
        raise UnauthenticatedError("the token's `exp` is no time", hint=GET_ONE)
    return claims


def public_keys(entries: Iterable[Any], issuer: str) -> dict[str, PublicKey]:
    """Return the keys of a JSON Web Key Set by name; what is no key of a kind we know is skipped."""
    usable = {}
    for entry in entries:
        try:
            usable[str(entry.get("kid", ""))] = jwt.PyJWK.from_dict(entry)
        except (jwt.PyJWTError, AttributeError) as error:
            log.info("a key of %s is skipped: %s", issuer, error)
    return usable
