"""The client for programs with an event loop; its methods are those of `Client`, awaited.

async with AsyncClient("http://127.0.0.1:8080", token) as client:
    run = await client.submit("luca")
    async for report in client.watch(run.name):
        print(report.status)
"""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, TypeVar

from mlaas4hep.client.address import DEFAULT_URL, Address
from mlaas4hep.client.connections.asyncconnection import AsyncConnection
from mlaas4hep.client.connections.moves import Asking, Telling, until_told
from mlaas4hep.client.connections.tokens import Tokens
from mlaas4hep.client.methods import AwaitingClient
from mlaas4hep.client.nouns.nouns import Nouns
from mlaas4hep.client.nouns.tarballs import DIRECT_BYTES

T = TypeVar("T")


class AsyncClient(Nouns, AwaitingClient):
    """One deployment and one token; any number of calls may be under way at once."""

    def __init__(
        self,
        url: str = DEFAULT_URL,
        token: str | Tokens = "",
        *,
        connection: AsyncConnection | None = None,
        direct_bytes: int = DIRECT_BYTES,
    ) -> None:
        """Connect to nothing yet; the arguments are those of `Client`."""
        self._line = connection or AsyncConnection(token)
        super().__init__(Address.parse(url), self._line.retries, direct_bytes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._line.close()

    async def perform(self, asking: Asking[T]) -> T:
        """Make the moves of a call, and return its result."""
        try:
            move = next(asking)
            while True:
                try:
                    got = await self._line.make(move)
                except Exception as error:  # noqa: BLE001 - the call knows what to make of it
                    move = asking.throw(error)
                else:
                    move = asking.send(got)
        except StopIteration as end:
            result: T = end.value
            return result

    async def each(self, telling: Telling[T]) -> AsyncIterator[T]:
        """Yield the results of a call as its moves bring them."""
        while True:
            found = await self.perform(until_told(telling))
            if found is None:
                return
            yield found.value
