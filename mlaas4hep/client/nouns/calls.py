"""What every noun of the client is made of: calls of a function, their answers as our values."""

from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2

from mlaas4hep.client.address import Address
from mlaas4hep.client.connections.attempts import attempts
from mlaas4hep.client.connections.moves import Asking, Body, Exchange, Work
from mlaas4hep.client.files import OnBytes, check_target
from mlaas4hep.core import wire

T = TypeVar("T")


class Calls:
    """Calls of one deployment, said and not made."""

    _address: Address
    _retries: int

    def _send(
        self,
        method: str,
        path: str,
        *,
        function: str = "workflow",
        body: Body | None = None,
        **given: Any,
    ) -> Asking[httpx2.Response]:
        url = f"{self._address.of(function)}{path}"
        exchange = Exchange(method=method, url=url, body=body, given=given)
        return (yield from attempts(exchange, self._retries))

    def _call(self, kind: type[T], method: str, path: str, **given: Any) -> Asking[T]:
        response = yield from self._send(method, path, **given)
        return wire.load(kind, response.content)

    def _json(self, method: str, path: str, **given: Any) -> Asking[Any]:
        response = yield from self._send(method, path, **given)
        return response.json()

    def _fetch(self, path: str, target: str | Path, on_bytes: OnBytes | None) -> Asking[Path]:
        """Write an answer to a file; it appears there when it is whole, as announced."""
        file = Path(target)
        yield Work(lambda: check_target(file))
        url = f"{self._address.of('workflow')}{path}"
        exchange = Exchange(method="GET", url=url, target=file, on_bytes=on_bytes)
        yield from attempts(exchange, self._retries)
        return file


def part(name: str) -> str:
    """Return a name as one part of a path."""
    return quote(name, safe="")
