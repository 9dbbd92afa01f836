"""Bodies of requests on their way in: read by the event loop, so that a slow caller holds no thread."""

import asyncio
import time
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Any

from mlaas4hep.core.shares import Shares
from mlaas4hep.errors import PermanentError, QuotaError, TooLargeError
from mlaas4hep.faas.asgi import Receive

_IN_MEMORY = 1024**2
_GRACE_S = 10.0  #: so long a body may take whatever its size
_LEAST_BYTES_PER_S = 16 * 1024  #: slower than that, over the time so far, is given up
_SILENCE_S = 30.0  #: longest between two parts of a body
_WHOLE = 1024  #: of all callers that may be on their way at once: a quarter of the connections
MOST_BYTES = 256 * 1024**2  #: of one caller's bodies that come into memory
_WHOLE_BYTES = 2 * MOST_BYTES  #: of all callers'

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


class Pace:
    """How fast one body comes."""

    def __init__(self, silence_s: float, clock: Callable[[], float]) -> None:
        self._silence_s = silence_s
        self._clock = clock
        self._started = clock()
        self._size = 0

    async def block(self, receive: Receive) -> tuple[bytes, bool]:
        """Return the next part of the body, and whether there are more.

        Raises:
            SlowBodyError: it does not come fast enough.
            ClientGoneError: it does not come at all.
        """
        block, more = await _next(receive, self._silence_s)
        self._size += len(block)
        took = self._clock() - self._started
        if more and took > _GRACE_S and self._size < took * _LEAST_BYTES_PER_S:
            raise SlowBodyError(
                f"{self._size} bytes in {took:.0f} s are less than {_LEAST_BYTES_PER_S} a second"
            )
        return block, more


async def _next(receive: Receive, silence_s: float) -> tuple[bytes, bool]:
    """Return the next part of a body, and whether there are more; raises as `Pace.block`."""
    try:
        async with asyncio.timeout(silence_s):
            message = await receive()
    except TimeoutError:
        raise SlowBodyError(f"nothing of the body came for {silence_s:.0f} s") from None
    return _parts(message)


def _parts(message: MutableMapping[str, Any]) -> tuple[bytes, bool]:
    if message["type"] == "http.disconnect":
        raise ClientGoneError
    return message.get("body", b""), message.get("more_body", False)


class _Firsts:
    """Waits for first messages; one timer for all of them, since most are there already.

    Twice in its life a waiter is looked at: the second time it is told that nothing came.
    """

    def __init__(self, silence_s: float) -> None:
        self._silence_s = silence_s
        self._young: dict[int, asyncio.Task[Any] | None] = {}
        self._old: dict[int, asyncio.Task[Any] | None] = {}
        self._late: set[int] = set()
        self._is_ticking = False

    async def message(self, receive: Receive) -> MutableMapping[str, Any]:
        """Return the next message; SlowBodyError if it does not come."""
        task = asyncio.current_task()
        name = id(task)
        self._young[name] = task
        if not self._is_ticking:
            self._tick()
        try:
            return await receive()
        except asyncio.CancelledError:
            if task is None or name not in self._late:
                raise
            task.uncancel()
            raise SlowBodyError(f"nothing of the body came for {self._silence_s:.0f} s") from None
        finally:
            if self._young.pop(name, None) is None:
                self._old.pop(name, None)
                self._late.discard(name)

    def _tick(self) -> None:
        for name, task in self._old.items():
            if task is not None and name not in self._late:
                self._late.add(name)
                task.cancel()
        self._old, self._young = self._old | self._young, {}
        self._is_ticking = bool(self._old)
        if self._is_ticking:
            asyncio.get_running_loop().call_later(self._silence_s, self._tick)


class Bodies:
    """Counts the bodies that are on their way, by owner."""

    def __init__(
        self, silence_s: float = _SILENCE_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._silence_s = silence_s
        self._clock = clock
        self._coming: Shares[Admission] = Shares(_WHOLE)
        self._held: Shares[str] = Shares(_WHOLE_BYTES)
        self._firsts = _Firsts(silence_s)

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
            with self.place(admission):
                await self._fill(spool, receive, admission.limit_bytes)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return spool

    async def _fill(self, spool: Spool, receive: Receive, limit_bytes: int) -> None:
        pace, size, more = self.pace(), 0, True
        while more:
            block, more = await pace.block(receive)
            size += len(block)
            if size > limit_bytes:
                raise TooLargeError(
                    f"the body is larger than {limit_bytes} bytes", hint="send less at once"
                )
            await _write(spool, block)

    async def first(self, receive: Receive) -> tuple[bytes, bool]:
        """Return the first part of a body, and whether there are more; raises as `Pace.block`."""
        return _parts(await self._firsts.message(receive))

    def pace(self) -> Pace:
        """Return what looks after a body that begins to come now."""
        return Pace(self._silence_s, self._clock)

    def place(self, admission: Admission) -> AbstractContextManager[None]:
        """Return the context in which a body is counted; QuotaError if the owner sends too many."""
        if not self._coming.fits(admission, 1, admission.places):
            raise QuotaError(
                f"{self._coming.of(admission)} such requests of yours are on their way already",
                hint="wait for one to end",
            )
        return self._coming.taken(admission)

    def held(self, owner: str, more_bytes: int) -> AbstractContextManager[None]:
        """Return the context in which bytes of a body that comes into memory are counted.

        Raises:
            QuotaError: bodies of the owner, or of all owners, take too much of it.
        """
        if not self._held.fits(owner, more_bytes, MOST_BYTES):
            raise QuotaError(
                f"{self._held.of(owner)} bytes of bodies of yours are on their way; more than"
                f" {MOST_BYTES}, or than others' leave, are not taken at once",
                hint="send fewer at once",
            )
        return self._held.taken(owner, more_bytes)


async def _write(spool: Spool, block: bytes) -> None:
    if spool.tell() + len(block) > _IN_MEMORY:  # the disk may be slow
        await asyncio.to_thread(spool.write, block)
    else:
        spool.write(block)
