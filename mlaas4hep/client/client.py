"""The Python client: a deployment as an object, our own values as answers.

with Client("http://127.0.0.1:8080", token) as client:
    client.upload("luca.tar.gz", name="luca")
    run = client.submit("luca")
    print(client.wait(run.name).metrics)
"""

from collections.abc import Iterator
from types import TracebackType
from typing import Self, TypeVar

from mlaas4hep.client.address import DEFAULT_URL, Address
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.client.connections.moves import Asking, Telling, until_told
from mlaas4hep.client.connections.tokens import Tokens
from mlaas4hep.client.methods import BlockingClient
from mlaas4hep.client.nouns.nouns import Nouns
from mlaas4hep.client.nouns.tarballs import DIRECT_BYTES

T = TypeVar("T")


class Client(Nouns, BlockingClient):
    """One deployment and one token; safe to use from one thread at a time.

    Every method raises the errors of `mlaas4hep.errors`: what the server says is wrong, with its
    `problem`, and ServiceUnavailableError when it cannot be reached or stays busy.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | Tokens = "",
        *,
        connection: Connection | None = None,
        direct_bytes: int = DIRECT_BYTES,
    ) -> None:
        """Connect to nothing yet.

        Args:
            url: of the gateway, or of a public door; all functions are found from there.
            token: one that stays, or where the current one comes from.
            direct_bytes: larger tarballs go straight into the object store, where that is offered.
            connection: with timeouts, retries or a transport of your own.

        Raises:
            InvalidRequestError: that is no address.
        """
        self._line = connection or Connection(token)
        super().__init__(Address.parse(url), self._line.retries, direct_bytes)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.close()

    def perform(self, asking: Asking[T]) -> T:
        """Make the moves of a call, and return its result."""
        try:
            move = next(asking)
            while True:
                try:
                    got = self._line.make(move)
                except Exception as error:  # noqa: BLE001 - the call knows what to make of it
                    move = asking.throw(error)
                else:
                    move = asking.send(got)
        except StopIteration as end:
            result: T = end.value
            return result

    def each(self, telling: Telling[T]) -> Iterator[T]:
        """Yield the results of a call as its moves bring them."""
        while True:
            found = self.perform(until_told(telling))
            if found is None:
                return
            yield found.value
