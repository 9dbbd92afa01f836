"""Connections to checked addresses only: urllib3 asks here, and the check cannot be raced."""

import socket
import ssl
import sys
import time
from collections.abc import Iterable
from itertools import islice
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError
from urllib3.util.connection import create_connection

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.answer import Answer

CONNECTIONS = 32  #: to one server, that are kept
ADDRESSES = 16  #: of one server that are tried, and how many of them may be silent
SILENT_ADDRESSES = 2
IDLE_S = 15.0  #: after which a connection may be dead without saying so


def checked_pools(policy: ServerPolicy) -> urllib3.PoolManager:
    """Return connections to the servers that the policy allows, each at an address it allows."""

    def connected(connection: HTTPConnection) -> socket.socket:
        found = policy.addresses(connection.host.strip("[]"), connection.port)
        return _first_that_answers(connection, islice(found, ADDRESSES))

    class CheckedConnection(HTTPConnection):
        _new_conn = connected
        response_class = Answer

    class CheckedSecure(HTTPSConnection):
        _new_conn = connected
        response_class = Answer

    class Pool(_Fresh, HTTPConnectionPool):
        ConnectionCls = CheckedConnection

    class SecurePool(_Fresh, HTTPSConnectionPool):
        ConnectionCls = CheckedSecure

    pools = urllib3.PoolManager(maxsize=CONNECTIONS, ssl_context=ssl.create_default_context())
    pools.pool_classes_by_scheme = {"http": Pool, "https": SecurePool}
    return pools


def _first_that_answers(connection: HTTPConnection, addresses: Iterable[str]) -> socket.socket:
    """Connect to the first address that answers; TLS still checks the name of the host."""
    failure: Exception = NewConnectionError(connection, "no address")
    silent = 0
    for address in addresses:
        try:
            made = create_connection(
                (address, connection.port),
                connection.timeout,
                socket_options=connection.socket_options,
            )
        except TimeoutError:
            failure = ConnectTimeoutError(connection, "it is silent")
            silent += 1
            if silent == SILENT_ADDRESSES:
                break
        except OSError as error:
            failure = NewConnectionError(connection, str(error))
        else:
            sys.audit("http.client.connect", connection, connection.host, connection.port)
            return made
    raise failure


class _Fresh(HTTPConnectionPool):
    """Connections that were used a moment ago, or are made anew."""

    def _put_conn(self, conn: Any) -> None:
        if conn is not None:
            conn.used_at = time.monotonic()
        super()._put_conn(conn)

    def _get_conn(self, timeout: float | None = None) -> Any:
        conn = super()._get_conn(timeout)
        if time.monotonic() - getattr(conn, "used_at", time.monotonic()) > IDLE_S:
            conn.close()  # it connects again by itself
        return conn
