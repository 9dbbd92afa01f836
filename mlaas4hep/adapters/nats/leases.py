"""`Leases` in a NATS key-value bucket whose entries expire: the server keeps the time."""

import asyncio
import logging
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial

import nats.errors
from nats.js import JetStreamContext
from nats.js.errors import BadRequestError, KeyNotFoundError, KeyWrongLastSequenceError
from nats.js.kv import KeyValue

from mlaas4hep.adapters.nats.connection import Connection, bucket, key
from mlaas4hep.adapters.nats.provision import LEASES
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports.runs import LEASE_S, Confirm

log = logging.getLogger(__name__)

_LOOK_S = 0.2
_RENEWALS = 5  #: in the time after which an entry expires


class JetStreamLeases:
    """A lease is a key; its holder writes it again and again, and so keeps it from expiring."""

    def __init__(self, connection: Connection, lease_s: float = LEASE_S) -> None:
        self._connection = connection
        self._pause_s = lease_s / _RENEWALS

    @contextmanager
    def hold(self, name: str, patience_s: float = 0.0) -> Iterator[Confirm]:
        """Hold the lease while the context lasts."""
        lease = _Lease(key(name), self._pause_s)
        if not self._connection.run(partial(lease.take, patience_s=patience_s)):
            raise ServiceUnavailableError(f"somebody else holds the lease {name!r}")

        def confirm() -> None:
            if not self._connection.run(lease.confirm):
                raise ServiceUnavailableError(f"somebody else holds the lease {name!r} by now")

        try:
            yield confirm
        finally:
            try:
                self._connection.run(lease.free)
            except ServiceUnavailableError as error:
                log.warning("lease %r was not given back and will expire: %s", name, error)


class _Lease:
    """One lease and the task that renews it."""

    def __init__(self, where: str, pause_s: float) -> None:
        self._where = where
        self._holder = uuid.uuid4().hex.encode()  #: nobody else writes this, not in this process
        self._pause_s = pause_s
        self._revision = 0
        self._ended = asyncio.Event()
        self._turn = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, jetstream: JetStreamContext, patience_s: float) -> bool:
        """Take the lease and begin to renew it; False if somebody else holds it all the time."""
        leases = bucket(jetstream, LEASES)
        until = time.monotonic() + patience_s
        while not self._revision:
            try:
                self._revision = await _created(leases, self._where, self._holder)
            except KeyWrongLastSequenceError:
                if time.monotonic() >= until:
                    return False
                await asyncio.sleep(_LOOK_S)  # what expires tells nobody
        self._renewing = asyncio.create_task(self._renew(leases))
        return True

    async def confirm(self, jetstream: JetStreamContext) -> bool:
        """Renew it now; False if somebody else holds it."""
        try:
            await self._renewed(bucket(jetstream, LEASES))
        except KeyWrongLastSequenceError:
            return False
        return True

    async def free(self, jetstream: JetStreamContext) -> None:
        """Stop renewing, and give the lease back if it is still ours."""
        self._ended.set()
        if self._renewing is not None:
            await self._renewing
        leases = bucket(jetstream, LEASES)
        try:
            await leases.delete(self._where, last=self._revision)
        except BadRequestError:
            await self._free_if_ours(leases)

    async def _free_if_ours(self, leases: KeyValue) -> None:
        try:
            await leases.delete(self._where, last=await self._own_revision(leases))
        except (KeyNotFoundError, BadRequestError):
            log.info("lease %s belongs to somebody else by now", self._where)

    async def _renew(self, leases: KeyValue) -> None:
        while not await self._is_over():
            with suppress(nats.errors.Error):  # away for a moment: the next renewal counts
                await self._renewed(leases)

    async def _renewed(self, leases: KeyValue) -> None:
        async with self._turn:
            try:
                self._revision = await leases.update(self._where, self._holder, last=self._revision)
            except KeyWrongLastSequenceError:
                self._revision = await self._renewed_as_it_is(leases)

    async def _renewed_as_it_is(self, leases: KeyValue) -> int:
        """Renew it at another revision than ours; KeyWrongLastSequenceError if another has it."""
        try:
            found = await self._own_revision(leases)
        except KeyNotFoundError:
            log.warning("lease %s had expired; taking it again", self._where)
            return await _created(leases, self._where, self._holder)
        return await leases.update(self._where, self._holder, last=found)

    async def _own_revision(self, leases: KeyValue) -> int:
        """Return the revision that lies there if we wrote it: its answer may have been lost.

        Raises:
            KeyNotFoundError: there is none.
            KeyWrongLastSequenceError: somebody else wrote it.
        """
        entry = await leases.get(self._where)
        if entry.value != self._holder:
            raise KeyWrongLastSequenceError
        return entry.revision or 0

    async def _is_over(self) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), self._pause_s)
        return self._ended.is_set()


async def _created(leases: KeyValue, where: str, holder: bytes) -> int:
    """Write the entry if there is none and return its revision."""
    try:
        return await leases.create(where, holder)
    except KeyNotFoundError:  # the one in the way expired while we looked
        return await leases.update(where, holder, last=0)
