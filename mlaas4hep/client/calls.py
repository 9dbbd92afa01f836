"""What every noun of the client is made of: calls of a function, their answers as our values."""

from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import httpx

from mlaas4hep.client.address import Address
from mlaas4hep.client.connection import Connection
from mlaas4hep.client.files import OnBytes, check_target
from mlaas4hep.core import wire

T = TypeVar("T")


class Calls:
    """One deployment over one connection."""

    def __init__(self, address: Address, line: Connection) -> None:
        self._address = address
        self._line = line

    def _send(
        self, method: str, path: str, *, function: str = "workflow", **given: Any
    ) -> httpx.Response:
        return self._line.send(method, f"{self._address.of(function)}{path}", **given)

    def _call(self, kind: type[T], method: str, path: str, **given: Any) -> T:
        return wire.load(kind, self._send(method, path, **given).content)

    def _download(self, path: str, target: str | Path, on_bytes: OnBytes | None) -> Path:
        check_target(Path(target))
        return self._line.download(f"{self._address.of('workflow')}{path}", Path(target), on_bytes)


def part(name: str) -> str:
    """Return a name as one part of a path."""
    return quote(name, safe="")
