"""What both functions refuse alike, before any handler is asked; over a real server."""

import http.client
import select
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from urllib.parse import urlsplit

import flask
import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.faas.bodies import Bodies
from mlaas4hep.faas.front import Front
from mlaas4hep.http.predict.app import app as predict_app
from mlaas4hep.http.predict.app import limits
from mlaas4hep.http.workflow.front import Callers, front
from mlaas4hep.settings import Settings
from tests.asgi import serving
from tests.people import World, pack


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def workflow(world):
    with serving(front(world.app)) as url:
        yield urlsplit(url).netloc


@pytest.fixture
def predict(world):
    with serving(predict_app(world.services, limits(Settings()), world.verifier)) as url:
        yield urlsplit(url).netloc


@pytest.fixture(params=["workflow", "predict"])
def door(request):
    return request.getfixturevalue(request.param)


def call(door, method, path, headers=(), body=b""):
    """Send headers as they stand, in their order; return status, headers and body."""
    with closing(http.client.HTTPConnection(door, timeout=30)) as connection:
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()


def test_two_authorization_headers_are_refused(world, door):
    good = ("Authorization", f"Bearer {world.token()}")

    for second in (good, ("authorization", "Bearer x"), ("Authorization", "")):
        assert call(door, "GET", "/models", [good, second])[0] == 400
    assert call(door, "GET", "/models", [good])[0] == 200


def test_without_a_token_the_answer_says_how_to_come_back(door):
    status, headers, _ = call(door, "GET", "/models")

    assert status == 401
    assert headers["WWW-Authenticate"] == 'Bearer realm="mlaas4hep"'


def test_health_needs_neither_token_nor_thread(door):
    assert call(door, "GET", "/_/health")[0] == 200


def test_no_byte_of_a_body_is_read_for_somebody_unknown(workflow):
    headers = [("Content-Length", str(10**9)), ("Authorization", "Bearer x")]

    assert call(workflow, "POST", "/upload?name=luca", headers)[0] == 401


def test_an_announced_body_that_is_too_large_is_refused_before_it_comes(world, workflow):
    token = ("Authorization", f"Bearer {world.token()}")

    status, _, _ = call(workflow, "POST", "/runs", [token, ("Content-Length", str(10**9))])
    upload, _, _ = call(workflow, "PUT", "/tarballs/luca", [token, ("Content-Length", "9" * 15)])

    assert (status, upload) == (413, 413)


def test_an_upload_comes_through_the_front_as_form_and_as_body(world, workflow):
    token = ("Authorization", f"Bearer {world.token()}")
    archive = pack({"files.txt": "a.root\n"})

    status, _, _ = call(
        workflow, "PUT", "/tarballs/luca", [token, ("Content-Length", str(len(archive)))], archive
    )

    assert status == 201


class Uploading:
    """An upload of which only the head has come."""

    def __init__(self, door, token, path, method="PUT", sent=b"x"):
        self.connection = http.client.HTTPConnection(door, timeout=30)
        self.connection.putrequest(method, path)
        self.connection.putheader("Authorization", f"Bearer {token}")
        self.connection.putheader("Content-Length", "1000000")
        self.connection.endheaders(sent or None)

    def close(self):
        self.connection.close()


def refused_of(slow, places):
    """Return the answers to all but so many: whichever came first hold the places, unanswered."""
    answered: set[int] = set()
    waiting = {one.connection.sock.fileno(): one for one in slow}
    while len(answered) < len(slow) - places:
        readable, _, _ = select.select(waiting.keys() - answered, [], [], 60)
        answered.update(readable)
    return [waiting[number].connection.getresponse().status for number in answered]


def test_slow_uploads_of_one_person_take_nobody_elses_place(world, workflow):
    token, threads = world.token("mallory"), threading.active_count()
    slow = [Uploading(workflow, token, f"/tarballs/slow{number}") for number in range(100)]
    refused = refused_of(slow, 4)

    bob = ("Authorization", f"Bearer {world.token('bob')}")
    archive = pack({"files.txt": "a.root\n"})
    head = [bob, ("Content-Length", str(len(archive)))]
    status, _, _ = call(workflow, "PUT", "/tarballs/luca", head, archive)
    for one in slow:
        one.close()

    assert set(refused) == {429}
    assert status == 201
    assert threading.active_count() < threads + 60


@pytest.mark.parametrize("path", ["/upload?name=m", "/json", "/v2/models/luca_1/infer"])
def test_slow_bodies_of_one_person_take_nobody_elses_place_at_predict(world, predict, path):
    token = world.token("mallory")
    slow = [Uploading(predict, token, path, "POST") for _ in range(40)]
    refused = refused_of(slow, 16)

    bob = ("Authorization", f"Bearer {world.token('bob')}")
    body = b'{"values": [1], "model": "none"}'
    status, _, _ = call(predict, "POST", "/json", [bob, ("Content-Length", str(len(body)))], body)
    for one in slow:
        one.close()

    assert set(refused) == {429}
    assert status == 404


@pytest.mark.parametrize("sent", [b"x", b""])
def test_a_body_that_stops_coming_is_given_up(world, sent):
    impatient = Bodies(silence_s=0.2)
    doors = {
        "/upload?name=m": front(world.app, impatient),
        "/json": predict_app(world.services, limits(Settings()), world.verifier, bodies=impatient),
    }
    for path, app in doors.items():
        with serving(app) as url:
            upload = Uploading(urlsplit(url).netloc, world.token(), path, "POST", sent)
            answer = upload.connection.getresponse()
            upload.close()

        assert answer.status == 408


def test_what_one_person_does_leaves_threads_for_others(world):
    """Sixteen calls of one person that do not end; another person's is answered."""
    app = flask.Flask("slow")
    inside, go_on = threading.Semaphore(0), threading.Event()

    def slow():
        inside.release()
        return str(go_on.wait(60))

    app.add_url_rule("/slow", "slow", slow)
    app.add_url_rule("/quick", "quick", lambda: "quick")
    people = Callers(world.verifier)
    with (
        serving(Front(app, lambda _scope: None, threads=8, caller=people.owner)) as url,
        ThreadPoolExecutor(16) as pool,
    ):
        door = urlsplit(url).netloc
        mallory = [("Authorization", f"Bearer {world.token('mallory')}")]
        slow_calls = [pool.submit(call, door, "GET", "/slow", mallory) for _ in range(16)]
        assert inside.acquire(timeout=60)
        assert inside.acquire(timeout=60)
        bob = [("Authorization", f"Bearer {world.token('bob')}")]
        answer = call(door, "GET", "/quick", bob)
        more = inside.acquire(blocking=False)
        go_on.set()

        assert (answer[2], more) == (b"quick", False)
        assert {each.result()[0] for each in slow_calls} == {200}


def test_a_body_with_millions_of_rows_is_refused_before_it_is_read(world, predict):
    token = ("Authorization", f"Bearer {world.token()}")
    for rows in (b"[0]," * 3_000_000, b"0," * 5_000_000, b"{}," * 3_000_000):
        body = b'{"model": "none", "values": [' + rows + b"[0]]}"
        head = [token, ("Content-Length", str(len(body)))]

        status, _, text = call(predict, "POST", "/json", head, body)

        assert (status, b"more than 4000000 values" in text) == (413, True)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/models/luca_1/sharing", r'{"groups": ["\ud800"]}'),
        ("POST", "/submit", r'{"name": "luca", "title": "\udfff"}'),
        ("POST", "/runs", r'{"name": "lu\ud83dca"}'),
        ("POST", "/score", r'{"model": "luca_1", "files": ["\udc00.root"]}'),
        ("POST", "/", r'{"action": "\ud800"}'),
        ("POST", "/", r'{"action": "show_run", "name": "\ud800"}'),
    ],
)
def test_half_a_character_in_a_body_is_a_wrong_request(world, workflow, method, path, body):
    record = ModelRecord(owner=world.person().owner, name="luca_1", version="v1", files=())
    world.services.models.put(keys.model(record.owner, record.name), wire.dump(record))
    head = [("Authorization", f"Bearer {world.token()}"), ("Content-Length", str(len(body)))]

    assert call(workflow, method, path, head, body.encode())[0] == 400


@pytest.mark.parametrize("path", ["/json", "/", "/params", "/v1/models/luca_1:predict"])
def test_half_a_character_is_a_wrong_request_for_predict_too(world, predict, path):
    body = rb'{"model": "\ud800", "name": "\ud800", "groups": ["\ud800"], "values": [1]}'
    head = [("Authorization", f"Bearer {world.token()}"), ("Content-Length", str(len(body)))]

    assert call(predict, "POST", path, head, body)[0] == 400


@pytest.mark.parametrize("path", ["/models/%ED%A0%80", "/models?name=%ED%A0%80", "/runs/%FF"])
def test_half_a_character_in_an_address_is_a_wrong_request(world, workflow, path):
    token = ("Authorization", f"Bearer {world.token()}")

    assert call(workflow, "GET", path, [token])[0] in {400, 404}
