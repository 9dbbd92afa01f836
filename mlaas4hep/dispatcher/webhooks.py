"""Tells the ends of runs to the addresses that their owners named; again, if nobody was there."""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import aiohttp
from cachetools import LRUCache

from mlaas4hep.core import sealed, wire
from mlaas4hep.core.requests.submission import Submission
from mlaas4hep.core.runs import files, webhooks
from mlaas4hep.core.runs.report import summary
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.webhooks import Delivery
from mlaas4hep.errors import DamagedError, MlaasError, NotFoundError
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)

PAUSE_S = 10.0
_ANSWER_S = 10.0
_AT_ONCE = 20  #: in one round
_OF_OWNER = 5  #: of them of one owner: an address may let each wait until the end
_REMEMBERED = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One thing to tell."""

    run: Run
    url: str
    delivery: Delivery
    body: bytes


class Webhooks:
    """One dispatcher at a time tells; the others wait for its lease."""

    def __init__(
        self,
        services: Services,
        session: aiohttp.ClientSession,
        key: bytes,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Tell what is in the run book of `services`, signed with what follows from `key`.

        `session` decides which addresses are connected to.
        """
        self._services = services
        self._session = session
        self._key = key
        self._clock = clock
        self._silent: LRUCache[tuple[str, int], None] = LRUCache(_REMEMBERED)  #: nothing to tell

    async def run(self, pause_s: float = PAUSE_S) -> None:
        """Tell until cancelled."""
        while True:
            try:
                await self.tell()
            except MlaasError as error:
                log.info("nothing told: %s", error)
            await asyncio.sleep(pause_s)

    async def tell(self) -> int:
        """Tell what is due, and return how much of it was received."""
        notices = await asyncio.to_thread(self._claim)
        statuses = await asyncio.gather(*(self._send(notice) for notice in notices))
        return sum(status is not None and status < 300 for status in statuses)  # noqa: PLR2004 - HTTP

    async def _send(self, notice: Notice) -> int | None:
        run, at = notice.run, int(self._clock())
        secret = webhooks.secret_of(self._key, run.owner)
        headers = {
            "Content-Type": "application/json",
            "X-MLaaS4HEP-Delivery": f"{run.id}-{run.attempt}",
            "X-MLaaS4HEP-Signature": webhooks.signature(secret, at, notice.body),
        }
        status = await self._post(notice, headers)
        await asyncio.to_thread(self._keep, run, webhooks.answered(notice.delivery, status))
        return status

    async def _post(self, notice: Notice, headers: Mapping[str, str]) -> int | None:
        """Return the status of the answer; None: there was none."""
        run = notice.run
        try:
            async with (
                asyncio.timeout(_ANSWER_S),
                self._session.post(
                    notice.url, data=notice.body, headers=headers, allow_redirects=False
                ) as reply,
            ):
                log.info("run=%s/%s webhook status=%d", run.owner, run.name, reply.status)
                return reply.status
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or type(error).__name__
            log.info("run=%s/%s webhook: no answer: %s", run.owner, run.name, reason)
            return None

    def _claim(self) -> list[Notice]:
        """Return what is due; it is written down first, so that nobody else tells it now."""
        found: list[Notice] = []
        of_owner: Counter[str] = Counter()
        with self._services.leases.hold("webhooks"):
            for run in self._services.runs.list():
                if len(found) >= _AT_ONCE or of_owner[run.owner] >= _OF_OWNER:
                    continue
                if (notice := self._notice(run)) is not None:
                    self._keep(run, notice.delivery)
                    of_owner[run.owner] += 1
                    found.append(notice)
        return found

    def _notice(self, run: Run) -> Notice | None:
        if not run.is_final or (run.id, run.attempt) in self._silent:
            return None
        if self._clock() - run.updated_at > webhooks.GIVEN_UP_S:
            return None
        url = self._url(run)
        known = self._stored_delivery(run) if url else None
        if not url or (known is not None and known.is_over and known.attempt == run.attempt):
            self._silent[run.id, run.attempt] = None
            return None
        delivery = webhooks.due(run, known, self._clock())
        if delivery is None:
            return None
        body = wire.show(summary(run, self._clock()))
        return Notice(run=run, url=url, delivery=delivery, body=body)

    def _url(self, run: Run) -> str:
        try:
            stored = self._services.runs_files.get(files.key(run.owner, run.name, files.SUBMISSION))
            return sealed.load(Submission, stored).webhook
        except (NotFoundError, DamagedError):
            return ""

    def _stored_delivery(self, run: Run) -> Delivery | None:
        try:
            stored = self._services.runs_files.get(files.key(run.owner, run.name, files.WEBHOOK))
            return sealed.load(Delivery, stored)
        except (NotFoundError, DamagedError):
            return None

    def _keep(self, run: Run, delivery: Delivery) -> None:
        key = files.key(run.owner, run.name, files.WEBHOOK)
        self._services.runs_files.put(key, sealed.dump(delivery))
