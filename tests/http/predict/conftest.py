"""The predict function over stores in memory, with small real models and people with names."""

import asyncio
import json
import shutil
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import replace

import httpx2
import pytest
import uvicorn

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.identity.tokens import DispatcherSigner, DispatcherVerifier
from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.errors import UnauthenticatedError
from mlaas4hep.faas.server.connection import Connection
from mlaas4hep.faas.server.turn import Head, Request
from mlaas4hep.http.predict.app import app, limits
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.settings import Settings

COLUMNS = ("met", "njets", "Muon_pt_0", "Muon_pt_1")
SPECS = Specs(
    branches=(
        BranchSpec(name="Muon_pt", jagged=True, low=0.0, high=100.0, width=2),
        BranchSpec(name="event", jagged=False, low=0.0, high=9.0, width=1),
        BranchSpec(name="met", jagged=False, low=0.0, high=200.0, width=1),
        BranchSpec(name="njets", jagged=False, low=0.0, high=10.0, width=1),
    ),
    ranges=(),
)
PREPROC = json.dumps({"flat_cut": {"ntrk": {"cut": "ntrk>2", "remove": "True"}}})
CONTRACT = Contract(
    model="luca_1",
    version="v1",
    columns=COLUMNS,
    specs=SPECS,
    identifiers=("event",),
    preproc=PREPROC,
    task="binary",
)


class Names:
    """Believes `Bearer NAME` and `Bearer NAME:GROUP`."""

    def person(self, authorization):
        name, _, group = (authorization or "").removeprefix("Bearer ").partition(":")
        if not name:
            raise UnauthenticatedError("there is no token")
        return Person(owner=f"owner-{name}", subject=name, groups=(group,) if group else ())


def served(app):
    """Return an ASGI app that offers what came whole to the short way first, as the server does."""

    async def offered(scope, receive, send):
        if scope["method"] != "POST" or b"content-length" not in dict(scope["headers"]):
            await app(scope, receive, send)
            return
        message = await receive()
        if not message["more_body"]:
            query = scope["query_string"]
            target = scope["raw_path"] + (b"?" + query if query else b"")
            request = Request(Head(target, list(scope["headers"])), message["body"])
            (answer,) = app.prompt([request])
            if answer is not None:
                await send(answer.start)
                await send({"type": "http.response.body", "body": answer.body})
                return
        first = [message]

        async def received():
            return first.pop() if first else await receive()

        await app(scope, received, send)

    return offered


class Client:
    """Calls an ASGI app in this process; one event loop for all calls."""

    def __init__(self, app, headers):
        self._app, self._headers = served(app), headers
        self._runner = asyncio.Runner()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._runner.close()

    def request(self, method, path, **given):
        return self.together([(method, path, given)])[0]

    def get(self, path, **given):
        return self.request("GET", path, **given)

    def post(self, path, **given):
        return self.request("POST", path, **given)

    def delete(self, path, **given):
        return self.request("DELETE", path, **given)

    def together(self, requests, done=None):
        """Send requests at the same time; return their answers in the same order.

        `done` gets the number of each request when its answer is there.
        """

        async def send():
            transport = httpx2.ASGITransport(self._app)
            async with httpx2.AsyncClient(
                transport=transport, base_url="http://predict", headers=self._headers
            ) as http:

                async def one(number, method, path, given):
                    answer = await http.request(method, path, timeout=60, **given)
                    if done is not None:
                        done.append(number)
                    return answer

                return await asyncio.gather(*(one(n, *each) for n, each in enumerate(requests)))

        return self._runner.run(send())


class World:
    """The app, what it serves, and clients."""

    def __init__(self, models, load=None, **settings):
        self.now = 0.0
        settings = Settings(**settings)
        self.models = models
        self.services = bootstrap.services(settings)
        self.key = SigningKey.new()
        self.app = app(
            self.services,
            limits(settings),
            Names(),
            DispatcherVerifier(self.key.public_pem, "predict"),
            load=load,
            clock=lambda: self.now,
        )

    def a_second_later(self):
        """Let what is believed of models grow old, as when another process has changed them."""
        self.now += 1.1

    def client(self, name="alice", **headers):
        headers = {"Authorization": f"Bearer {name}", **headers} if name else headers
        return Client(self.app, headers)

    def event(self, event, body=b""):
        """Deliver an event as the dispatcher does, or `body` in its name."""
        signer = DispatcherSigner(self.key.private_pem)
        headers = {
            "Authorization": f"Bearer {signer.token('predict', event.id)}",
            "Content-Type": "application/cloudevents+json",
        }
        with self.client("") as dispatcher:
            body = body or cloudevents.dump_event(event)
            return dispatcher.post("/", content=body, headers=headers)

    def serve(self, name="luca_1", folder="net", owner="alice", files=("model.tflite",), **record):
        """Put files of one of the small models into the bucket, as training does."""
        record = ModelRecord(
            **{
                "owner": f"owner-{owner}",
                "name": name,
                "version": "v1",
                "files": tuple(files),
                **record,
            }
        )
        for file in files:
            key = keys.model_file(record.owner, name, record.version, file)
            self.services.models.put(key, (self.models / folder / file).read_bytes())
        modelrecords.write(record, self.services.models)
        return record

    def serve_trained(self, contract=CONTRACT, **record):
        """Serve the net together with a contract."""
        record = self.serve(**record)
        record = replace(record, files=(*record.files, "contract.json"))
        key = keys.model_file(record.owner, record.name, record.version, "contract.json")
        self.services.models.put(key, wire.dump(contract))
        modelrecords.write(record, self.services.models)
        return record


@pytest.fixture
def make_world(serving_models):
    def make(**settings):
        return World(serving_models, **settings)

    return make


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def alice(world):
    with world.client("alice") as client:
        yield client


@pytest.fixture
def bob(world):
    with world.client("bob") as client:
        yield client


@pytest.fixture
def nobody(world):
    with world.client("") as client:
        yield client


@pytest.fixture
def expected(serving_models):
    """Return rows and what the net says to them."""
    return json.loads((serving_models / "net" / "expected.json").read_text())


@pytest.fixture
def bundle(serving_models, tmp_path):
    """Return a folder with a SavedModel, as TensorFlow writes it."""

    def make(name="model", without=("model.tflite", "model.keras", "frozen.pb")):
        folder = tmp_path / str(time.monotonic_ns()) / name
        shutil.copytree(serving_models / "net", folder)
        for file in (*without, "expected.json", "frozen_output.txt"):
            (folder / file).unlink()
        return folder

    return make


@contextmanager
def serving(app):
    """Serve an app as functions do; yield the server, and its address."""
    server = uvicorn.Server(uvicorn.Config(app, http=Connection, log_config=None))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield server, listening.getsockname()
        server.should_exit = True
        thread.join()


@pytest.fixture
def url(world):
    """Return the address of a real server around the app."""
    with serving(world.app) as (_, address):
        yield f"127.0.0.1:{address[1]}"
