"""What a provider gave: a token for the deployment, and how to get the next one."""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlaas4hep.errors import UnauthenticatedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewal:
    """Where and how the next token is asked for."""

    token_url: str
    client_id: str
    resource: str = ""  #: what the token is for, as the provider knows it (RFC 8707)
    kind: str = "access_token"  #: or `id_token`: which of the two the deployment takes
    refresh_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The provider's answer; a token that it did not give is empty."""

    access_token: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)

    @classmethod
    def of(cls, answer: Mapping[str, Any]) -> "Grant":
        """Return the grant in a provider's answer.

        Raises:
            UnauthenticatedError: it holds no token.
        """
        texts = {name: answer.get(name) for name in ("access_token", "id_token", "refresh_token")}
        grant = cls(**{name: text for name, text in texts.items() if isinstance(text, str)})
        if not grant.tokens():
            raise UnauthenticatedError("the identity provider answered without a token")
        return grant

    def tokens(self) -> dict[str, str]:
        """Return the tokens that may open the deployment by kind, the likelier one first.

        Deployments verify JSON web tokens; an access token that is none opens nothing.
        """
        found = {"access_token": self.access_token, "id_token": self.id_token}
        return {kind: token for kind, token in found.items() if token.count(".") == 2}  # noqa: PLR2004 - header, claims, signature


def ends_at(token: str) -> float | None:
    """Return when a token ends, in seconds since 1970, if it says so. It is not verified."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return float(claims["exp"])
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, binascii.Error):
        return None
