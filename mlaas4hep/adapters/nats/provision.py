"""What must exist in NATS, as code: `python -m mlaas4hep.adapters.nats.provision nats://host:port`.

Safe to run again: what is there is brought to the settings written here, and nothing is lost.
Only an administrator's user may do this; functions and dispatcher find everything in place.
"""

import argparse
import asyncio
import logging
import sys
import time
from dataclasses import replace

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NoAnswerError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DiscardPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import APIError, NotFoundError

from mlaas4hep.core.runs.events import SUBJECTS
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports.runs import LEASE_S
from mlaas4hep.settings import SettingsError, secret

log = logging.getLogger(__name__)

STREAM = "MLAAS"  #: work queue; an event stays until its function has answered 2xx
DEAD_STREAM = "MLAAS_DEAD"  #: events that cannot be handled, for people to look at
DEAD_SUBJECT = "mlaas.dead"
AUDIT_STREAM = "MLAAS_AUDIT"  #: who did what; nothing is taken out of it before it is old
AUDIT_SUBJECT = "mlaas.audit"
RUNS, COUNTERS, LEASES = "mlaas-runs", "mlaas-counters", "mlaas-leases"
CONSUMERS = {subject.removeprefix("mlaas."): subject for subject in SUBJECTS}

ACK_WAIT_S = 20.0  #: an event whose dispatcher dies is delivered again after that
ECHO_WINDOW_S = 600.0  #: an event published twice within that is dropped
MAX_HELD = 20_000  #: events of one function that dispatchers may hold at once
_DEAD_S = 30 * 24 * 3600.0
_DEAD_BYTES = 1 << 30
_NO_STORAGE, _NO_LEADER = 10047, 10008  #: error codes of the server
ELECTION_S = 60.0  #: servers that have just started need some of it, on a busy machine
_AUDIT_S = 400 * 24 * 3600.0


def provision(
    url: str, user: str = "", password: str = "", lease_s: float = LEASE_S, replicas: int = 1
) -> None:
    """Create or update streams, consumers and buckets.

    Args:
        url: `nats://host:port`, several with commas.
        user: an administrator's.
        password: of the user.
        lease_s: a lease that is not renewed for so long is free again.
        replicas: copies of everything, each on another server; never fewer than there are.

    Raises:
        ServiceUnavailableError: NATS does not answer, or refuses.
    """
    try:
        asyncio.run(_provision(url, user, password, lease_s, replicas))
    except (NatsError, OSError, TimeoutError) as error:
        raise ServiceUnavailableError(
            f"NATS at {url}: {error or 'no answer'}", hint=_hint(error)
        ) from error


def _hint(error: Exception) -> str:
    if isinstance(error, APIError) and error.err_code == _NO_STORAGE:
        return (
            f"it takes three quarters of its disk, and {_DEAD_BYTES >> 30} GB of them must be free"
        )
    return ""


async def _provision(url: str, user: str, password: str, lease_s: float, replicas: int) -> None:
    client = Client()
    await client.connect(
        url.split(","), user=user or None, password=password or None, max_reconnect_attempts=2
    )
    try:
        await put_in_place_once_led(client.jetstream(timeout=10), lease_s, replicas)
    finally:
        await client.close()


async def put_in_place_once_led(
    jetstream: JetStreamContext,
    lease_s: float = LEASE_S,
    replicas: int = 1,
    election_s: float = ELECTION_S,
) -> None:
    """Create or update everything; what a cluster is asked before it has a leader, it never answers.

    Raises:
        NatsError: it has none after `election_s`, or refuses.
    """
    until = time.monotonic() + election_s
    while True:
        try:
            await put_in_place(jetstream, lease_s, replicas)
        except (NoAnswerError, APIError) as error:
            is_led = isinstance(error, APIError) and error.err_code != _NO_LEADER
            if is_led or time.monotonic() > until:
                raise
            log.info("NATS has no leader yet: it is asked again")
            await asyncio.sleep(1)
        else:
            return


async def put_in_place(
    jetstream: JetStreamContext, lease_s: float = LEASE_S, replicas: int = 1
) -> None:
    """Create or update streams, consumers and buckets."""
    for config in _streams(lease_s):
        await _stream(jetstream, replace(config, num_replicas=replicas))
    for name, subject in CONSUMERS.items():
        await jetstream.add_consumer(STREAM, _consumer(name, subject))
        log.info("consumer %s of %s is in place", name, STREAM)


async def missing(jetstream: JetStreamContext) -> set[str]:
    """Return which streams, consumers and buckets (as their streams) are not there."""
    gone = set()
    for config in _streams(LEASE_S):
        try:
            await jetstream.stream_info(config.name or "")
        except NotFoundError:
            gone.add(config.name or "")
    for name in CONSUMERS:
        try:
            await jetstream.consumer_info(STREAM, name)
        except NotFoundError:
            gone.add(name)
    return gone


def _streams(lease_s: float) -> list[StreamConfig]:
    return [
        StreamConfig(
            name=STREAM,
            description="events on their way to functions",
            subjects=list(SUBJECTS),
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.FILE,
            discard=DiscardPolicy.NEW,
            duplicate_window=ECHO_WINDOW_S,
        ),
        StreamConfig(
            name=DEAD_STREAM,
            description="events that could not be handled",
            subjects=[DEAD_SUBJECT],
            storage=StorageType.FILE,
            max_age=_DEAD_S,
            max_bytes=_DEAD_BYTES,
            duplicate_window=ECHO_WINDOW_S,
        ),
        StreamConfig(
            name=AUDIT_STREAM,
            description="who did what to which run or model",
            subjects=[AUDIT_SUBJECT],
            storage=StorageType.FILE,
            max_age=_AUDIT_S,
            duplicate_window=min(ECHO_WINDOW_S, 120.0),
            allow_direct=True,
            deny_delete=True,
            deny_purge=True,
        ),
        _bucket(RUNS, "the state of every run"),
        _bucket(COUNTERS, "the last number given to a run of each folder"),
        _bucket(LEASES, "who works on what", max_age_s=lease_s),
    ]


def _bucket(name: str, description: str, max_age_s: float = 0) -> StreamConfig:
    """Return the stream behind a key-value bucket, as NATS clients expect it (ADR-8)."""
    return StreamConfig(
        name=f"KV_{name}",
        description=description,
        subjects=[f"$KV.{name}.>"],
        storage=StorageType.FILE,
        discard=DiscardPolicy.NEW,
        max_msgs_per_subject=1,
        max_age=max_age_s or None,
        duplicate_window=min(max_age_s, 120.0) or 120.0,
        allow_direct=True,
        allow_rollup_hdrs=True,
        deny_delete=True,
    )


def _consumer(name: str, subject: str) -> ConsumerConfig:
    return ConsumerConfig(
        durable_name=name,
        filter_subject=subject,
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=ACK_WAIT_S,
        max_deliver=-1,  # the dispatcher counts, because "not now" is no failure
        max_ack_pending=MAX_HELD,
    )


async def _stream(jetstream: JetStreamContext, config: StreamConfig) -> None:
    try:
        before = (await jetstream.stream_info(config.name or "")).config
    except NotFoundError:
        await jetstream.add_stream(config)
        log.info("stream %s is in place", config.name)
        return
    # Not added once more: the server would want the room that it reserves a second time.
    raised = max(before.num_replicas or 1, config.num_replicas or 1)
    await jetstream.update_stream(replace(config, num_replicas=raised))
    log.info("stream %s is updated", config.name)


def main(arguments: list[str] | None = None) -> int:
    """Provision the server named on the command line."""
    parser = argparse.ArgumentParser(
        description="Create or update what MLaaS4HEP needs in NATS; safe to run again."
    )
    parser.add_argument("url", help="nats://host:port, several with commas")
    parser.add_argument("--user-file", default="", help="file with user:password")
    parser.add_argument(
        "--replicas", type=int, default=1, help="copies of everything; 3 for three servers"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        text = secret(options.user_file) if options.user_file else ""
        user, _, password = text.partition(":")
        provision(options.url, user, password, replicas=options.replicas)
    except (ServiceUnavailableError, SettingsError) as error:
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
