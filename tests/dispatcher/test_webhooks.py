"""The end of a run is told, signed, to the address that its owner named."""

import asyncio
import hashlib
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlaas4hep.adapters.networks import Networks
from mlaas4hep.core.runs.events import RunFailed
from mlaas4hep.dispatcher.webhooks import Webhooks
from mlaas4hep.errors import Problem
from mlaas4hep.faas.http import calls
from tests.people import World

KEY = b"a long secret of the deployment"


class Receiver:
    """Somebody's server: what it was told, and what it answers."""

    def __init__(self):
        self.told, self.status, self.cookie = [], 200, ""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.told.append((self.path, dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.send_header("Set-Cookie", receiver.cookie)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/ended"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def world(tmp_path):
    key = tmp_path / "webhook-key"
    key.write_bytes(KEY)
    return World(
        tmp_path, webhook_hosts="127.0.0.1,localhost", webhook_key_file=str(key), plain_http=1
    )


@pytest.fixture
def ended(world, receiver):
    """Return alice, a run of whom failed that was submitted with a webhook."""
    alice = world.person("alice")
    alice.upload()
    assert alice.submit(webhook=receiver.url).status_code == 200
    assert alice.submit(title="without").status_code == 200
    for run in ("luca_1", "luca_2"):
        problem = Problem(code="x", message="no tree")
        world.services.runs.apply([RunFailed(owner=alice.owner, run=run, problem=problem)])
    return alice


def told(world, *times, networks="127.0.0.0/8"):
    """Tell what is due at each of some times, and return how much was received."""
    changed = max(run.updated_at for run in world.services.runs.list())
    now = [0.0]

    async def tell():
        async with calls(Networks.of(networks)) as session:
            webhooks = Webhooks(world.services, session, KEY, clock=lambda: changed + now[0])
            received = []
            for now[0] in times:
                received.append(await webhooks.tell())
            return received

    return asyncio.run(tell())


def test_the_owner_can_tell_who_sent_it(world, receiver, ended):
    assert told(world, 1, 2) == [1, 0]

    ((path, headers, body),) = receiver.told
    stamp, _, proof = headers["X-MLaaS4HEP-Signature"].partition(",v1=")
    secret = ended.get("/me/webhook").json["secret"]
    signed = stamp.removeprefix("t=").encode() + b"." + body

    assert path == "/ended"
    assert proof == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert json.loads(body)["name"] == "luca_1"
    assert json.loads(body)["problem"]["message"] == "no tree"
    assert headers["X-MLaaS4HEP-Delivery"].endswith("-1")


def test_what_was_not_received_is_told_again_also_by_another_dispatcher(world, receiver, ended):
    receiver.status = 503
    assert told(world, 1, 2) == [0, 0]
    receiver.status = 200

    assert told(world, 3, 4000) == [0, 1]

    deliveries = {headers["X-MLaaS4HEP-Delivery"] for _, headers, _ in receiver.told}
    assert (len(receiver.told), len(deliveries)) == (2, 1)


def test_a_redirect_is_not_followed(world, receiver, ended):
    receiver.status = 307

    assert told(world, 1) == [0]
    assert len(receiver.told) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_host_that_is_a_machine_of_ours_by_then_is_told_nothing(world, receiver, host, caplog):
    caplog.set_level("INFO")
    alice = world.person("alice")
    alice.upload()
    url = receiver.url.replace("127.0.0.1", host)
    assert alice.submit(webhook=f"{url}?key=secret").status_code == 200
    problem = Problem(code="x", message="no tree")
    world.services.runs.apply([RunFailed(owner=alice.owner, run="luca_1", problem=problem)])

    assert told(world, 1, networks="10.0.0.0/8") == [0]
    assert receiver.told == []
    assert "no answer: it is a machine of an internal network" in caplog.text
    assert "secret" not in caplog.text
    assert told(world, 4000) == [1]  # where the operator lists that network


def test_many_ends_of_one_owner_do_not_hold_up_those_of_another(world, receiver):
    people = [world.person(name) for name in ("alice", "bob")]
    for person, runs in zip(people, (22, 1), strict=True):
        person.upload()
        for number in range(1, runs + 1):
            assert person.submit(webhook=f"{receiver.url}/{person.owner}").status_code == 200
            problem = Problem(code="x", message="no tree")
            failed = RunFailed(owner=person.owner, run=f"luca_{number}", problem=problem)
            world.services.runs.apply([failed])

    assert told(world, 1, 2) == [6, 5]

    of_bob = [path for path, _, _ in receiver.told if path.endswith(people[1].owner)]
    assert len(of_bob) == 1


def test_cookies_of_one_answer_are_not_sent_with_the_next(world, receiver, ended):
    receiver.status, receiver.cookie = 503, "session=of-somebody"
    told(world, 1, 4000)

    assert [headers.get("Cookie") for _, headers, _ in receiver.told] == [None, None]


def test_an_address_where_nobody_is_holds_nothing_up(world, receiver, ended):
    receiver.server.shutdown()
    receiver.server.server_close()

    assert told(world, 1) == [0]


@pytest.mark.parametrize(
    ("url", "status", "words"),
    [
        ("https://evil.example/x", 403, "tells nothing to 'evil.example'"),
        ("https://127.0.0.1@evil.example/x", 400, "webhook is"),
        ("ftp://127.0.0.1/x", 400, "webhook is"),
        ("127.0.0.1/x", 400, "webhook is"),
        ("https://127.0.0.1:99999/x", 400, "webhook is"),
        ("https://127.0.0.1/a b", 400, "webhook is"),
        (f"https://127.0.0.1/{'x' * 1100}", 400, "webhook is"),
        (7, 400, "webhook is"),
    ],
)
def test_a_bad_or_foreign_address_is_refused_at_submit(world, url, status, words):
    alice = world.person("alice")
    alice.upload()

    answer = alice.submit(webhook=url)

    assert answer.status_code == status
    assert words in answer.json["error"]["message"]


def test_without_a_key_nobody_is_told(tmp_path):
    world = World(tmp_path, webhook_hosts="*")
    alice = world.person("alice")
    alice.upload()

    assert alice.get("/me/webhook").json == {"hosts": "", "secret": ""}
    assert alice.submit(webhook="https://host.example/x").status_code == 403


def test_plain_http_is_refused_where_it_is_not_allowed(tmp_path):
    key = tmp_path / "key"
    key.write_bytes(KEY)
    world = World(tmp_path, webhook_hosts="*.example", webhook_key_file=str(key))
    alice = world.person("alice")
    alice.upload()

    assert alice.submit(webhook="http://host.example/x").status_code == 403
    assert alice.submit(webhook="https://host.example/x").status_code == 200
