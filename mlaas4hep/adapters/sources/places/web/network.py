"""Connections to checked addresses only: httpcore asks here, and the check cannot be raced."""

from collections.abc import Iterable
from typing import Any

import httpcore

from mlaas4hep.adapters.sources.places.policy import ServerPolicy


class CheckedNetwork(httpcore.NetworkBackend):
    """Resolves a host once, and connects to an address that was looked at."""

    def __init__(self, policy: ServerPolicy) -> None:
        self._policy = policy
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address that answers; TLS still checks the name of the host."""
        failure: Exception = httpcore.ConnectError("no address")
        for address in self._policy.addresses(host, port):
            try:
                return self._plain.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure

    def sleep(self, seconds: float) -> None:
        """Wait, as httpcore does between its own tries."""
        self._plain.sleep(seconds)
