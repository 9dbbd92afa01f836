import asyncio
import contextlib
import json
import socket
import threading
from datetime import datetime

import httpx
import pytest

from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.functions import Deployed
from mlaas4hep.laptop.gateway import Gateway
from mlaas4hep.laptop.logs import FunctionLog
from mlaas4hep.laptop.proxy import Proxy
from mlaas4hep.laptop.server import serving

LARGE_BYTES = 4 * 1024 * 1024


class Echo:
    """A function that does what its path says; `go` lets a stream continue."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.gone = threading.Event()

    async def __call__(self, scope, receive, send):
        wanted = scope["path"].strip("/")
        await getattr(self, wanted if wanted.isidentifier() else "echo")(scope, receive, send)

    async def echo(self, scope, receive, send):
        size, more = 0, True
        while more:
            message = await receive()
            size += len(message.get("body", b""))
            more = message.get("more_body", False)
        said = {
            "method": scope["method"],
            "path": scope["raw_path"].decode(),
            "query": scope["query_string"].decode(),
            "size": size,
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        }
        await self._answer(send, 200, json.dumps(said).encode())

    async def refuse(self, _scope, _receive, send):
        await self._answer(send, 413, b"too large")

    async def large(self, _scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(64):
            body = b"x" * (LARGE_BYTES // 64)
            await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def stream(self, _scope, receive, send):
        self.go.clear()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"one\n", "more_body": True})
        await receive()
        waiting = [asyncio.create_task(self.go.wait()), asyncio.create_task(receive())]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if not self.go.is_set():
            self.gone.set()
        await send({"type": "http.response.body", "body": b"two\n"})

    async def go_on(self, _scope, _receive, send):
        self.go.set()
        await self._answer(send, 204, b"")

    async def hang(self, _scope, receive, _send):
        while (await receive())["type"] != "http.disconnect":
            pass

    async def cut(self, _scope, _receive, send):
        headers = [(b"content-length", b"1000000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"some", "more_body": True})

    async def _answer(self, send, status, body):
        headers = [(b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Running:
    """A gateway before three functions: one that answers, one not there, one not ready."""

    def __init__(self, folder) -> None:
        self.ports: list[int] = []
        self.echo: Echo | None = None
        self.log = FunctionLog(folder / "echo.log")
        self._folder = folder
        self._loop = asyncio.new_event_loop()
        self._stop: asyncio.Event | None = None
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._run(),))

    def __enter__(self):
        self._thread.start()
        assert self._up.wait(20)
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.ports[0]}"

    def say(self, text):
        """Write to the function's log from outside of the loop."""
        self._loop.call_soon_threadsafe(self.log.write, "echo-1", text)

    async def _run(self):
        self._stop = asyncio.Event()
        with contextlib.ExitStack() as stack:
            doors = [stack.enter_context(socket.socket(proto=socket.IPPROTO_TCP)) for _ in range(4)]
            for door in doors:
                door.bind(("127.0.0.1", 0))
            self.ports = [door.getsockname()[1] for door in doors]
            self.echo = Echo()
            functions = {
                name: Deployed(name=name, port=port, log=self.log)
                for name, port in (("echo", self.ports[2]), ("away", self.ports[3]), ("slow", 1))
            }
            functions["echo"].ready.set()
            functions["away"].ready.set()
            gateway = Gateway(
                functions=functions,
                logs={"echo": self.log},
                jwks=issuer.jwks(self._folder),
                own_paths={self.ports[1]: "echo"},
                proxy=Proxy(timeout_s=1.0, start_s=0.1),
            )
            async with serving(self.echo, doors[2:3]), serving(gateway, doors[:2]):
                self._up.set()
                await self._stop.wait()
                for function in functions.values():
                    function.upstream.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def client(running):
    with httpx.Client(base_url=running.url, timeout=10) as client:
        yield client


@pytest.mark.parametrize("name", ["echo", "echo.openfaas-fn"])
def test_a_call_reaches_the_function_with_path_query_body_and_headers(client, name):
    answer = client.post(
        f"/function/{name}/a//b%2Fc?x=1&y=%20", content=b"12345", headers={"X-Own": "yes"}
    )

    said = answer.json()
    assert (said["method"], said["path"], said["query"]) == ("POST", "/a//b%2Fc", "x=1&y=%20")
    assert (said["size"], said["headers"]["x-own"]) == (5, "yes")


def test_a_call_without_a_path_reaches_the_root(client):
    assert client.get("/function/echo").json()["path"] == "/"


def test_calls_carry_an_id_a_start_time_and_a_duration(client):
    answer = client.get("/function/echo")

    said = answer.json()["headers"]
    assert answer.headers["x-call-id"] == said["x-call-id"]
    assert answer.headers["x-start-time"] == said["x-start-time"]
    assert float(answer.headers["x-duration-seconds"]) > 0


def test_an_id_that_the_caller_gave_is_kept(client):
    answer = client.get("/function/echo", headers={"X-Call-Id": "mine"})

    assert answer.headers["x-call-id"] == "mine"


def test_large_bodies_pass_in_both_directions(client):
    blocks = (b"y" * 65536 for _ in range(64))

    assert client.post("/function/echo", content=blocks).json()["size"] == 64 * 65536
    assert client.post("/function/echo", content=b"z" * 2**22).json()["size"] == 2**22
    assert len(client.get("/function/echo/large").content) == LARGE_BYTES


def test_an_upload_is_answered_as_soon_as_the_function_refuses_it(client):
    answer = client.post("/function/echo/refuse", content=b"z" * 2**23)

    assert (answer.status_code, answer.text) == (413, "too large")


def test_a_stream_is_passed_on_while_it_grows(client, running):
    with client.stream("GET", "/function/echo/stream") as answer:
        lines = answer.iter_lines()
        first = next(lines)
        httpx.get(f"{running.url}/function/echo/go_on")
        rest = list(lines)

    assert (first, rest) == ("one", ["two"])


def test_a_function_learns_that_the_client_went_away(client, running):
    with client.stream("GET", "/function/echo/stream") as answer:
        next(answer.iter_lines())

    assert running.echo.gone.wait(5)


def test_kept_connections_are_used_again(client):
    ports = {client.get("/function/echo").json()["headers"]["host"] for _ in range(20)}

    assert len(ports) == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/function/nobody", 404, "not_found"),
        ("/function/echo.other", 404, "not_found"),
        ("/function/away", 502, "bad_gateway"),
        ("/function/slow", 503, "not_ready"),
        ("/function/echo/hang", 504, "timeout"),
    ],
)
def test_what_cannot_be_forwarded_is_answered_as_openfaas_does(client, path, status, code):
    answer = client.get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


def test_an_answer_that_breaks_off_is_not_mistaken_for_a_whole_one(client):
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/function/echo/cut")


def test_a_port_of_its_own_gives_a_function_its_paths_unchanged(running):
    answer = httpx.get(f"http://127.0.0.1:{running.ports[1]}/echo/submit?name=luca")

    assert answer.json()["path"] == "/echo/submit"


def test_a_port_of_its_own_shows_nothing_of_the_system(running):
    answer = httpx.get(f"http://127.0.0.1:{running.ports[1]}/echo/system/functions")

    assert answer.json()["path"] == "/echo/system/functions"


def test_the_functions_are_listed_as_faas_cli_reads_them(client):
    def listed():
        answer = client.get("/system/functions", headers={"Authorization": "Bearer"})
        return {each["name"]: each for each in answer.json()}

    before = listed()["echo"]["invocationCount"]
    client.get("/function/echo")
    echo, slow = listed()["echo"], listed()["slow"]

    datetime.fromisoformat(echo["createdAt"])
    assert echo["invocationCount"] == before + 1
    assert (echo["replicas"], echo["availableReplicas"], slow["availableReplicas"]) == (1, 1, 0)
    assert client.get("/system/functions?namespace=other").json() == []


def test_one_function_is_described(client):
    assert client.get("/system/function/echo?usage=1").json()["name"] == "echo"
    assert client.get("/system/function/nobody").status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/system/functions", 501),
        ("PUT", "/system/functions", 501),
        ("DELETE", "/system/functions", 501),
        ("POST", "/system/scale-function/echo", 501),
        ("POST", "/async-function/echo", 501),
        ("PATCH", "/system/functions", 405),
        ("GET", "/system/nothing", 404),
    ],
)
def test_what_a_laptop_does_not_offer_is_said_in_json(client, method, path, status):
    answer = client.request(method, path)

    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_the_rest_of_the_system_api_answers(client):
    assert client.get("/healthz").text == "OK"
    assert client.get("/system/namespaces").json() == ["openfaas-fn"]
    assert client.get("/system/secrets").json() == []
    assert client.get("/system/info").json()["provider"]["provider"] == "mlaas4hep"


def test_calls_are_counted_for_prometheus(client):
    client.get("/function/away")

    text = client.get("/metrics").text
    counter = 'gateway_function_invocation_total{code="502",function_name="away.openfaas-fn"} '
    assert int(text.partition(counter)[2].partition("\n")[0]) >= 1


def test_logs_come_as_lines_of_json_with_their_times(client, running):
    running.say("first")
    running.say("second")
    client.get("/healthz")

    (line,) = client.get("/system/logs?name=echo&tail=1").text.splitlines()
    message = json.loads(line)
    datetime.fromisoformat(message.pop("timestamp"))
    assert message == {
        "name": "echo", "namespace": "openfaas-fn", "instance": "echo-1", "text": "second"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("since", "there"),
    [("1h", True), ("2000-01-01T00:00:00Z", True), ("2999-01-01T00:00:00", False)],
)
def test_logs_can_be_asked_for_since_a_moment(client, running, since, there):
    running.say("hello")
    client.get("/healthz")

    answer = client.get(f"/system/logs?name=echo&since={since}")

    assert ("hello" in answer.text) is there


def test_logs_can_be_followed(client, running):
    running.say("before")
    with client.stream("GET", "/system/logs?name=echo.openfaas-fn&follow=1&tail=1") as answer:
        lines = answer.iter_lines()
        first = json.loads(next(lines))["text"]
        running.say("after")
        second = json.loads(next(lines))["text"]

    assert (first, second) == ("before", "after")


@pytest.mark.parametrize(
    ("query", "status"),
    [("name=nobody", 404), ("name=echo&since=yesterday", 400), ("name=echo&tail=some", 400)],
)
def test_wrong_questions_about_logs_are_refused(client, query, status):
    assert client.get(f"/system/logs?{query}").status_code == status


def test_the_issuer_can_be_discovered(client, running):
    document = client.get("/.well-known/openid-configuration").json()

    keys = client.get(document["jwks_uri"]).json()["keys"]
    assert document["issuer"] == issuer.ISSUER
    assert [key["kty"] for key in keys] == ["OKP"]
    assert "d" not in keys[0]
