"""A request that is kept back from ASGI, because it may be answered as soon as it is whole."""

import asyncio
from collections.abc import Callable

WAITED_BYTES = 16 * 1024  #: of a body that did not come at once; longer ones are not waited for
WAITED_S = 0.01


class KeptBack:
    """What came of one request so far; its rest is waited for a moment.

    The parser has seen all of `read`, unless its head is that of the request before (`samehead`).
    """

    __slots__ = ("_loop", "_rest", "_tell", "pieces", "read")

    def __init__(self, loop: asyncio.AbstractEventLoop, tell: Callable[[], None]) -> None:
        """Keep nothing yet.

        Args:
            loop: of the connection.
            tell: is called when the rest did not come soon.
        """
        self._loop = loop
        self._tell = tell
        self._rest: asyncio.TimerHandle | None = None
        self.read = b""  #: from its first byte, if it is short
        self.pieces: list[bytes] | None = None  #: of its body; None: the parser keeps nothing back

    @property
    def is_long(self) -> bool:
        """Tell whether more of the body came than is waited for."""
        return sum(map(len, self.pieces or ())) > WAITED_BYTES

    def wait(self, seconds: float) -> None:
        """Give the rest so long, from the first time that this is said."""
        if self._rest is None:
            self._rest = self._loop.call_later(seconds, self._tell)

    def wait_no_more(self) -> None:
        """The rest came, or nobody wants it."""
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def taken(self) -> tuple[bytes, list[bytes] | None]:
        """Return `read` and `pieces`, and keep nothing."""
        self.wait_no_more()
        read, self.read = self.read, b""
        pieces, self.pieces = self.pieces, None
        return read, pieces
