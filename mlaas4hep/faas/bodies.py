"""Bodies of requests on their way in: read by the event loop, so that a slow caller holds no thread."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile

from mlaas4hep.errors import PermanentError, QuotaError, TooLargeError
from mlaas4hep.faas.asgi import Receive

_IN_MEMORY = 1024**2
_GRACE_S = 10.0  #: so long a body may take whatever its size
_LEAST_BYTES_PER_S = 16 * 1024  #: slower than that, over the time so far, is given up
_SILENCE_S = 30.0  #: longest between two parts of a body

Spool = SpooledTemporaryFile[bytes]


class SlowBodyError(PermanentError):
    """The body comes too slowly to wait for it."""

    status = 408
    code = "too_slow"


class ClientGoneError(Exception):
    """The caller hung up before the body was complete; there is nobody to answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whose body it is and how large it may be."""

    owner: str
    limit_bytes: int
    places: int  #: bodies of this kind and owner that may be on their way at once


class Bodies:
    """Counts the bodies that are on their way, by owner."""

    def __init__(
        self, silence_s: float = _SILENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._silence_s = silence_s
        self._clock = clock
        self._coming: Counter[Admission] = Counter()

    async def read(self, receive: Receive, admission: Admission) -> Spool:
        """Return the whole body, at its start; large ones lie on the disk.

        Raises:
            TooLargeError: it is longer than the limit.
            QuotaError: the owner sends too many bodies at once.
            SlowBodyError: it does not come fast enough.
            ClientGoneError: it does not come to its end.
        """
        spool = Spool(max_size=_IN_MEMORY)
        try:
            with self._place(admission):
                await self._fill(spool, receive, admission.limit_bytes)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return spool

    async def _fill(self, spool: Spool, receive: Receive, limit_bytes: int) -> None:
        started, size, more = self._clock(), 0, True
        while more:
            block, more = await self._block(receive)
            size += len(block)
            if size > limit_bytes:
                raise TooLargeError(
                    f"the body is larger than {limit_bytes} bytes", hint="send less at once"
                )
            took = self._clock() - started
            if more and took > _GRACE_S and size < took * _LEAST_BYTES_PER_S:
                raise SlowBodyError(
                    f"{size} bytes in {took:.0f} s are less than {_LEAST_BYTES_PER_S} a second"
                )
            await _write(spool, block)

    async def _block(self, receive: Receive) -> tuple[bytes, bool]:
        """Return the next part of a body, and whether there are more."""
        try:
            async with asyncio.timeout(self._silence_s):
                message = await receive()
        except TimeoutError:
            raise SlowBodyError(f"nothing of the body came for {self._silence_s:.0f} s") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        return message.get("body", b""), message.get("more_body", False)

    @contextmanager
    def _place(self, admission: Admission) -> Iterator[None]:
        if self._coming[admission] >= admission.places:
            raise QuotaError(
                f"{admission.places} such requests of yours are on their way already",
                hint="wait for one to end",
            )
        self._coming[admission] += 1
        try:
            yield
        finally:
            self._coming[admission] -= 1
            if not self._coming[admission]:
                del self._coming[admission]


async def _write(spool: Spool, block: bytes) -> None:
    if spool.tell() + len(block) > _IN_MEMORY:  # the disk may be slow
        await asyncio.to_thread(spool.write, block)
    else:
        spool.write(block)
