"""The ways to know people: a deployment's settings choose one row by their issuer."""

from collections.abc import Callable, Mapping

from mlaas4hep.adapters.identity.tokens import Trust, Verifier
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import UnauthenticatedError
from mlaas4hep.ports import People


class Nobody:
    """`People` of a deployment that names no issuer: every call is refused."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust

    def person(self, authorization: str | None) -> Person:  # noqa: ARG002 - the port's signature
        """Raise UnauthenticatedError."""
        raise UnauthenticatedError("this deployment names no issuer (MLAAS_ISSUER)")


#: by the scheme of the issuer's address; another way to know people is one row and one module
IDENTITIES: Mapping[str, Callable[[Trust], People]] = {
    "": Nobody,
    "http": Verifier,
    "https": Verifier,
    "urn": Verifier,  # of an issuer without an address, whose keys MLAAS_JWKS_URL names: the laptop
}
