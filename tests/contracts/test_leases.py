import subprocess
import sys
import textwrap
import threading
import time
import uuid
from contextlib import ExitStack
from functools import partial

import pytest
from nats.js import JetStreamContext

from mlaas4hep.adapters.memory import MemoryLeases
from mlaas4hep.adapters.nats.connection import Connection, bucket, key
from mlaas4hep.adapters.nats.leases import JetStreamLeases
from mlaas4hep.adapters.nats.provision import LEASES
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import Leases
from mlaas4hep.testing.nats import NatsServer

LEASE_S = 1.0


@pytest.fixture(params=["memory", "jetstream"])
def leases(request: pytest.FixtureRequest) -> Leases:
    if request.param == "memory":
        return MemoryLeases()
    connection: Connection = request.getfixturevalue("connection")
    return JetStreamLeases(connection, LEASE_S)


@pytest.fixture
def name() -> str:
    return f"train/{uuid.uuid4().hex}/lu.ca_1"


def test_one_at_a_time(leases: Leases, name: str) -> None:
    with (
        leases.hold(name),
        pytest.raises(ServiceUnavailableError, match="holds the lease"),
        leases.hold(name),
    ):
        pass


def test_it_is_free_again_afterwards(leases: Leases, name: str) -> None:
    for _ in range(3):
        with leases.hold(name):
            pass


def test_who_holds_it_can_make_sure_of_it(leases: Leases, name: str) -> None:
    with leases.hold(name) as confirm:
        for _ in range(3):
            confirm()


def test_it_is_free_again_after_an_error(leases: Leases, name: str) -> None:
    with pytest.raises(ZeroDivisionError), leases.hold(name):
        raise ZeroDivisionError

    with leases.hold(name):
        pass


def test_different_names_do_not_meet(leases: Leases, name: str) -> None:
    with leases.hold(name), leases.hold(f"{name}1"):
        pass


def test_who_has_patience_gets_it_as_soon_as_it_is_free(leases: Leases, name: str) -> None:
    held, ended = threading.Event(), threading.Event()

    def hold() -> None:
        with leases.hold(name):
            held.set()
            ended.wait(20)

    holder = threading.Thread(target=hold)
    holder.start()
    assert held.wait(20)
    with pytest.raises(ServiceUnavailableError), leases.hold(name, patience_s=0.1):
        pass
    ended.set()

    with leases.hold(name, patience_s=20):
        pass
    holder.join()


def test_a_holder_keeps_it_for_as_long_as_it_works(connection: Connection, name: str) -> None:
    leases = JetStreamLeases(connection, LEASE_S)
    begun = time.monotonic()
    with leases.hold(name):
        while time.monotonic() < begun + 2.5 * LEASE_S:
            with pytest.raises(ServiceUnavailableError), leases.hold(name):
                pass


def test_a_dead_holder_loses_it(nats_server: NatsServer, connection: Connection, name: str) -> None:
    program = f"""
        import time
        from mlaas4hep.adapters.nats.connection import Connection
        from mlaas4hep.adapters.nats.leases import JetStreamLeases
        with JetStreamLeases(Connection({nats_server.url!r}), {LEASE_S}).hold({name!r}):
            print("held", flush=True)
            time.sleep(60)
    """
    holder = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    leases = JetStreamLeases(connection, LEASE_S)
    with pytest.raises(ServiceUnavailableError), leases.hold(name):
        pass
    holder.kill()
    holder.communicate()

    deadline = time.monotonic() + 10 * LEASE_S
    while not _can_hold(leases, name):
        assert time.monotonic() < deadline


def test_who_stood_still_while_another_took_it_neither_takes_it_back_nor_frees_it(
    connection: Connection, name: str
) -> None:
    stopped, other = JetStreamLeases(connection, LEASE_S), JetStreamLeases(connection, LEASE_S)
    held = ExitStack()
    confirm = held.enter_context(stopped.hold(name))
    connection.run(partial(_expire, name))
    with other.hold(name, patience_s=20):
        begun = time.monotonic()
        while time.monotonic() < begun + 2 * LEASE_S:  # both renew meanwhile
            assert not _can_hold(stopped, name)
        with pytest.raises(ServiceUnavailableError, match="by now"):
            confirm()
        held.close()
        assert not _can_hold(stopped, name)


def test_a_renewal_that_was_taken_and_never_answered_costs_the_holder_nothing(
    connection: Connection, name: str
) -> None:
    leases = JetStreamLeases(connection, LEASE_S)
    with leases.hold(name) as confirm:
        connection.run(partial(_renew_unanswered, name))
        confirm()
        assert not _can_hold(leases, name)
        connection.run(partial(_renew_unanswered, name))

    assert _can_hold(leases, name)


async def _renew_unanswered(name: str, jetstream: JetStreamContext) -> None:
    """Leave a lease as a renewal does whose answer is lost: the holder does not know of it."""
    leases = bucket(jetstream, LEASES)
    entry = await leases.get(key(name))
    await leases.put(key(name), entry.value or b"")


async def _expire(name: str, jetstream: JetStreamContext) -> None:
    """Take a lease away from its holder, as the server does with one that is not renewed."""
    await bucket(jetstream, LEASES).delete(key(name))


def _can_hold(leases: Leases, name: str) -> bool:
    try:
        with leases.hold(name):
            return True
    except ServiceUnavailableError:
        return False
