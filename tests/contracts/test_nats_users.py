"""deploy/nats: what each user may do, against a real server with our configuration."""

import asyncio
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nats
import pytest
from nats.aio.client import Client

from mlaas4hep import bootstrap
from mlaas4hep.adapters.nats.audit import JetStreamAudit
from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.deadletters import JetStreamDeadLetters
from mlaas4hep.adapters.nats.leases import JetStreamLeases
from mlaas4hep.adapters.nats.provision import CONSUMERS, DEAD_SUBJECT, provision
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.requests.auditedaction import AuditedAction
from mlaas4hep.core.runs.events import (
    SUBJECTS,
    ChunkReady,
    RunCancelled,
    RunSubmitted,
    ScanContinued,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.settings import Settings, credentials
from mlaas4hep.testing.nats import NatsServer
from mlaas4hep.usecases.audit import note
from tests.contracts.natsrefusals import as_user

HERE = Path(__file__).parents[2] / "deploy" / "nats"
FUNCTIONS = ("specs", "chunk-preprocess", "train", "predict", "workflow")
TELLS = {
    "specs": {"mlaas.specs", "mlaas.chunk-preprocess"},
    "chunk-preprocess": {"mlaas.train"},
    "train": {"mlaas.chunk-preprocess", "mlaas.predict"},
    "predict": set(),
    "workflow": {"mlaas.specs"},
}  # the dispatcher may tell everything: it tells again what was lost


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("nats")
    text = (HERE / "nats.conf").read_text().replace("/data", str(folder / "data"))
    (folder / "nats.conf").write_text(text)
    write_users(folder)
    return folder


def write_users(folder: Path) -> None:
    options = ("--keys", folder / "keys", "--out", folder / "users.conf")
    subprocess.run([sys.executable, HERE / "users.py", *options], check=True)


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[NatsServer]:
    server = NatsServer(place / "server", place / "nats.conf")
    server.start()
    user, password = credentials(str(place / "keys" / "admin-nats-user"))
    provision(server.url, user, password)
    provision(server.url, user, password)
    yield server
    server.stop()


As = Callable[[str], Connection]


@pytest.fixture
def connected_as(server: NatsServer, place: Path) -> Iterator[As]:
    made: list[Connection] = []

    def connect(name: str) -> Connection:
        user, password = credentials(str(place / "keys" / f"{name}-nats-user"))
        made.append(Connection(server.url, user, password))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def run(connected_as: As) -> Run:
    run = Run(
        owner=uuid.uuid4().hex[:16],
        name="luca_1",
        folder="luca",
        number=1,
        created_at=1.0,
        updated_at=1.0,
    )
    JetStreamRunBook(connected_as("workflow"), time.time).create(run)
    return run


def test_workflow_does_its_work(connected_as: As, run: Run) -> None:
    connection = connected_as("workflow")
    runs = JetStreamRunBook(connection, time.time)

    assert runs.next_number(run.owner, "luca") == 1
    assert runs.list(run.owner) == [run]
    JetStreamBus(connection).publish([RunSubmitted(owner=run.owner, run=run.name)])
    runs.apply([RunCancelled(owner=run.owner, run=run.name)])
    assert runs.wait(run.owner, run.name, lambda run: run.is_final, 5).status is Status.CANCELLED
    runs.delete(run.owner, run.name)
    assert runs.list(run.owner) == []


def test_workflow_shows_administrators_dead_letters_and_queues(connected_as: As, run: Run) -> None:
    admin, letters = connected_as("admin"), JetStreamDeadLetters(connected_as("workflow"))
    headers = {"Mlaas-Function": "train", "Mlaas-Problem": '{"message": "no tree"}'}
    for data in (b"one", b"two"):
        admin.run(
            lambda jetstream, data=data: jetstream.publish(DEAD_SUBJECT, data, headers=headers)
        )

    first, second = list(letters.letters())[-2:]
    letters.remove(first.sequence)
    letters.remove(first.sequence)

    assert (first.data, first.function, first.problem) == (b"one", "train", "no tree")
    assert [one.sequence for one in letters.letters()][-1:] == [second.sequence]
    assert first.sequence not in [one.sequence for one in letters.letters()]
    assert [queue.function for queue in letters.queues()] == list(CONSUMERS)
    letters.remove(second.sequence)


def audited(target: str) -> AuditedAction:
    return AuditedAction(
        at=1.0, owner="a", person="alice", function="workflow", action="upload", target=target
    )


def test_what_people_change_is_read_back_newest_first(connected_as: As) -> None:
    audit = JetStreamAudit(connected_as("workflow"))
    JetStreamAudit(connected_as("predict")).note(audited("first"))
    for number in range(205):  # more than are asked for at once
        audit.note(audited(str(number)))

    newest = [one.target for one in audit.newest(206, "a")]

    assert newest == [*(str(number) for number in reversed(range(205))), "first"]
    assert [one.target for one in audit.newest(3)] == newest[:3]
    assert audit.newest(3, "nobody") == []


def test_a_right_that_is_missing_is_told_at_once_and_stops_no_change(
    connected_as: As, caplog: pytest.LogCaptureFixture
) -> None:
    audit = JetStreamAudit(connected_as("specs"))
    services = replace(bootstrap.services(Settings()), audit=audit)

    for name in ("one", "two", "three"):
        note(audited(name), services)

    told = [record.getMessage() for record in caplog.records]
    assert len([line for line in told if "permissions violation" in line]) == 1
    kept = [line for line in told if "its user has no right to 'mlaas.audit'" in line]
    assert [name in line for name, line in zip(("one", "two", "three"), kept, strict=True)] == [
        True
    ] * 3


def test_what_is_refused_among_other_questions_is_the_only_one_that_fails(
    connected_as: As, run: Run
) -> None:
    connection = connected_as("specs")
    runs = JetStreamRunBook(connection, time.time)

    with ThreadPoolExecutor(2) as threads:
        refused = threads.submit(JetStreamDeadLetters(connection).queues)
        known = threads.submit(runs.get, run.owner, run.name)
        with pytest.raises(ServiceUnavailableError, match="has no right to"):
            refused.result(4)
    assert known.result() == run


def test_train_does_its_work(connected_as: As, run: Run) -> None:
    connection = connected_as("train")
    runs = JetStreamRunBook(connection, time.time)

    with JetStreamLeases(connection).hold("train/a/luca_1"):
        ready = ChunkReady(owner=run.owner, run=run.name, index=0, key="k", entries=1)
        runs.apply([ready])
        waited = runs.wait(run.owner, run.name, lambda run: run.chunks.has(1), 0.2)
    assert waited.chunks.done == 1


def test_specs_goes_on_with_scans(connected_as: As, run: Run) -> None:
    connection = connected_as("specs")
    runs = JetStreamRunBook(connection, time.time)

    with JetStreamLeases(connection).hold("scan/a/luca_1"):
        number = runs.next_number(run.owner, "luca")
        waited = runs.wait(run.owner, run.name, lambda run: run.is_final, 0.2)
    JetStreamBus(connection).publish([ScanContinued(owner=run.owner, run=run.name)])
    assert (number, waited.name) == (1, run.name)


@pytest.mark.parametrize("name", ["specs", "chunk-preprocess", "dispatcher"])
def test_the_others_write_into_runs(connected_as: As, run: Run, name: str) -> None:
    runs = JetStreamRunBook(connected_as(name), time.time)

    after = runs.apply([RunCancelled(owner=run.owner, run=run.name)])

    assert after is not None
    assert after.status is Status.CANCELLED


def test_predict_reads_runs(connected_as: As, run: Run) -> None:
    assert JetStreamRunBook(connected_as("predict"), time.time).get(run.owner, run.name) == run


@pytest.mark.parametrize("name", TELLS)
def test_nobody_tells_what_is_not_its_to_tell(server: NatsServer, place: Path, name: str) -> None:
    async def publish(client: Client) -> None:
        for subject in SUBJECTS:
            await client.publish(subject, b"forged", headers={"Nats-Msg-Id": "x"})

    forbidden = len(SUBJECTS) - len(TELLS[name])
    refused = asyncio.run(as_user(server, place, name, publish, refusals=forbidden))

    for subject in SUBJECTS:
        assert (f'"{subject}"' in refused) == (subject not in TELLS[name])


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize(
    "subject",
    [
        "$JS.API.STREAM.DELETE.MLAAS",
        "$JS.API.STREAM.PURGE.KV_mlaas-runs",
        "$JS.API.CONSUMER.MSG.NEXT.MLAAS.train",
        "$JS.API.CONSUMER.CREATE.MLAAS.spy",
        "$JS.API.STREAM.MSG.GET.MLAAS",
        "$JS.API.STREAM.LIST",
        "mlaas.dead",
    ],
)
def test_a_function_administers_nothing(
    server: NatsServer, place: Path, name: str, subject: str
) -> None:
    async def publish(client: Client) -> None:
        await client.publish(subject, b"{}")

    assert subject.lower() in asyncio.run(as_user(server, place, name, publish))


@pytest.mark.parametrize("subject", [">", "mlaas.>", "$KV.>", "_INBOX_workflow.>", "$JS.ACK.>"])
def test_nobody_listens_to_others(server: NatsServer, place: Path, subject: str) -> None:
    async def subscribe(client: Client) -> None:
        await client.subscribe(subject)

    assert "permissions violation" in asyncio.run(as_user(server, place, "train", subscribe))


def test_nobody_comes_in_without_a_password(server: NatsServer) -> None:
    async def connect() -> None:
        client = Client()
        try:
            await client.connect(server.url, allow_reconnect=False, error_cb=quiet)
        finally:
            await client.close()

    async def quiet(_error: Exception) -> None:
        pass

    with pytest.raises(nats.errors.Error, match=r"(?i)authorization"):
        asyncio.run(connect())


def test_passwords_stay_when_users_are_written_again(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "keys", tmp_path / "keys")
    write_users(tmp_path)

    assert (tmp_path / "users.conf").read_text() == (place / "users.conf").read_text()
    assert (tmp_path / "users.conf").stat().st_mode & 0o077 == 0
