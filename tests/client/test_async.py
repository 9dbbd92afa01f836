"""The client for event loops does what the other does: the same methods, awaited."""

import asyncio

import httpx2
import pytest

from mlaas4hep.client import AsyncClient, Client
from mlaas4hep.client.connections.asyncconnection import AsyncConnection
from mlaas4hep.client.methods import AwaitingClient, BlockingClient, Operation, Stream
from mlaas4hep.errors import NotFoundError, ServiceUnavailableError
from mlaas4hep.http.workflow.front import front
from tests.asgi import serving
from tests.people import FOLDER, pack


@pytest.fixture
def url(world):
    with serving(front(world.app)) as address:
        yield address


def connect(world, url, **options):
    client = AsyncClient(url, connection=AsyncConnection(world.token("alice"), **options))
    client._address = Bare(url)
    return client


class Bare:
    """The address of a function without a gateway."""

    def __init__(self, base):
        self.base = base

    def of(self, _function):
        return self.base


def answering(*answers, **options):
    """Return a client whose calls are answered one after the other, and the calls."""
    calls, left = [], list(answers)

    def answer(request):
        calls.append(request)
        return left.pop(0)

    line = AsyncConnection("t", transport=httpx2.MockTransport(answer), pause=nothing, **options)
    return AsyncClient("http://door", connection=line), calls


def announced(content, size):
    async def pieces():
        yield content

    return httpx2.Response(200, content=pieces(), headers={"Content-Length": str(size)})


async def nothing(_seconds):
    pass


def test_both_clients_have_the_same_methods():
    def methods(kind):
        return {
            name
            for each in kind.__mro__
            for name, value in vars(each).items()
            if isinstance(value, Operation | Stream)
        }

    assert methods(Client) == methods(AsyncClient) > {"upload", "submit", "watch", "predict"}


@pytest.mark.parametrize("kind", [BlockingClient, AwaitingClient])
def test_a_client_that_cannot_make_the_moves_of_a_call_is_not_made(kind):
    class Unfinished(kind):
        def perform(self, asking):
            return asking

    with pytest.raises(TypeError, match=r"abstract method .*each"):
        Unfinished()


def test_a_run_from_the_folder_to_its_end(world, url, tmp_path):
    folder = tmp_path / "luca"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)

    async def work():
        async with connect(world, url) as client:
            await client.upload(folder, name="luca")
            first, second = await asyncio.gather(client.submit("luca"), client.submit("luca"))
            seen = []
            async for report in client.watch(first.name):
                seen.append(report.status)
                if len(seen) == 1:
                    await client.cancel(first.name)
            await client.cancel(second.name)
            return {first.name, second.name}, seen, (await client.wait(second.name)).status

    names, seen, ended = asyncio.run(work())

    assert names == {"luca_1", "luca_2"}
    assert seen[-1] == "cancelled"
    assert len(seen) > 1
    assert ended == "cancelled"


def test_a_download_appears_when_it_is_whole(tmp_path):
    target = tmp_path / "bundle.tar.gz"
    client, calls = answering(announced(b"01234", 10), announced(b"0123456789", 10))

    asyncio.run(client.download("luca_1", target))

    assert target.read_bytes() == b"0123456789"
    assert len(calls) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["bundle.tar.gz"]


def test_what_is_wrong_is_told_with_its_hint(world, url):
    async def ask():
        async with connect(world, url) as client:
            await client.submit("luca")

    with pytest.raises(NotFoundError) as told:
        asyncio.run(ask())

    assert told.value.problem.hint in told.value.__notes__


def test_a_busy_deployment_is_asked_again_and_then_given_up():
    busy = [httpx2.Response(503, headers={"Retry-After": "1"}) for _ in range(3)]
    client, calls = answering(*busy, retries=2)

    with pytest.raises(ServiceUnavailableError):
        asyncio.run(client.models())

    assert len(calls) == 3


def test_many_entries_are_asked_in_several_calls():
    client, calls = answering(
        httpx2.Response(200, json={"version": "a", "predictions": [0.5] * 1000}),
        httpx2.Response(200, json={"version": "a", "predictions": [0.25]}),
    )

    said = asyncio.run(client.predict("m", entries=[{"pt": 1.0}] * 1001))

    assert len(calls) == 2
    assert said["predictions"][999:] == [0.5, 0.25]


def test_a_large_upload_is_streamed(world, url, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    sent = []

    async def send():
        async with connect(world, url) as client:
            client.direct_bytes = 10
            return await client.upload(path, name="luca", on_bytes=sent.append)

    assert asyncio.run(send()).name == "luca"
    assert sum(sent) == path.stat().st_size
