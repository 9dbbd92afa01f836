"""One address for a deployment, from which those of its functions follow."""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from mlaas4hep.errors import InvalidRequestError

DEFAULT_URL = "http://127.0.0.1:8080"
_FUNCTION = re.compile(r"/function/(?:workflow|predict)(?P<namespace>\.[\w-]+)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A gateway, a public door, or a port of the laptop platform: all know `/function/NAME`."""

    base: str  #: without a slash at its end
    namespace: str = ""  #: of the functions, with its dot; empty: the usual one

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a person wrote; that of one of the functions will do.

        Raises:
            InvalidRequestError: it is none; the message quotes it.
        """
        base = text.strip().rstrip("/")
        try:
            parts = urlsplit(base)
            good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            good = False
        if not good or parts.query or parts.fragment:
            raise InvalidRequestError(
                f"{text!r} is not the address of a deployment", hint=f"such as {DEFAULT_URL}"
            )
        found = _FUNCTION.search(base)
        if found is None:
            return cls(base=base)
        return cls(base=base[: found.start()], namespace=found["namespace"] or "")

    def of(self, function: str) -> str:
        """Return where a function is called."""
        return f"{self.base}/function/{function}{self.namespace}"
