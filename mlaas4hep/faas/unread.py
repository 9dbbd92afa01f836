"""Large answers that lie in memory until who asked has read them."""

import asyncio
from contextlib import AbstractContextManager

from mlaas4hep.core.shares import Shares
from mlaas4hep.errors import QuotaError
from mlaas4hep.faas.asgi import Send

SHORT = 64 * 1024  #: bytes of an answer that is not counted: the server keeps as much of any
MOST_BYTES = 256 * 1024**2  #: of one person's answers together, or of a single one of any size
WHOLE_BYTES = 2 * MOST_BYTES  #: of all persons' answers
_PIECE = 256 * 1024
_SILENCE_S = 15.0  #: that a piece may take; 17 KB a second


class Unread:
    """Counts the bytes of answers by who gets them.

    A server takes whatever is written, and keeps what nobody reads: written in pieces, an answer
    is known to be read, and who reads nothing has it no longer than a piece may take.
    """

    def __init__(
        self,
        silence_s: float = _SILENCE_S,
        most_bytes: int = MOST_BYTES,
        whole_bytes: int = WHOLE_BYTES,
    ) -> None:
        self._silence_s = silence_s
        self._most_bytes = most_bytes
        self._shares: Shares[str] = Shares(whole_bytes)

    def place(self, owner: str, size_bytes: int) -> AbstractContextManager[None]:
        """Return the context in which an answer is counted.

        Raises:
            QuotaError: the owner leaves too many bytes unread, or all owners together do.
        """
        if not self._shares.fits(owner, size_bytes, self._most_bytes):
            raise QuotaError(
                f"{self._shares.of(owner)} bytes of answers to you are not read yet, {size_bytes}"
                f" more are more than {self._most_bytes}, or than others' answers leave",
                hint="read what was answered, or ask for less at once",
            )
        return self._shares.taken(owner, size_bytes)

    async def send(self, body: bytes, send: Send) -> bool:
        """Write the body of an answer, and tell whether it was read fast enough.

        What was not is left without its end, so that the server closes the connection.
        """
        whole = memoryview(body)
        try:
            for start in range(0, len(body), _PIECE):
                piece, is_last = bytes(whole[start : start + _PIECE]), start + _PIECE >= len(body)
                async with asyncio.timeout(self._silence_s):
                    await send(
                        {"type": "http.response.body", "body": piece, "more_body": not is_last}
                    )
        except TimeoutError:
            return False
        return True
