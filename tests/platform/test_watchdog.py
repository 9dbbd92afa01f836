"""The real of-watchdog, and our stand-in for clones without its sources, do the same.

Each row is one of the differences that were once seen between the two.
"""

import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from urllib.parse import urlsplit

import httpx2
import pytest

from deploy.testbed import probe, process, programs
from deploy.testbed.containers import docker
from tests import calls
from tests.smuggling import ATTACKS, Door, attack

FUNCTION = """
import http.server, os, signal, sys, threading

leave = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.take_body()  # what is left of it would be taken for the next call
        if self.path == "/slow":
            print("slow", flush=True)
            leave.wait(20)
        if self.path.startswith("/end"):
            os._exit(int(self.path[4:]))
        if self.path in ("/long", "/events"):
            return self.long()
        self.send_response(204 if self.path == "/ready" else 200)
        self.send_header("X-Path", self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def long(self):
        self.send_response(200)
        self.send_header("Content-Length", "20")
        self.end_headers()
        self.wfile.write(b"data: 1234")
        self.wfile.flush()
        leave.wait(3)
        self.wfile.write(b"data: 5678")

    do_POST = do_GET

    def take_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline() or b"0", 16):
            self.rfile.read(size + 2)
        self.rfile.readline()

    def log_message(self, *_):
        pass

def stop(*_):
    print("asked to stop", flush=True)
    leave.set()

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""
INTERNAL = "x-openfaas-internal"


SETTINGS = {
    "mode": "http",
    "fprocess": "python3 /function.py 5000",
    "upstream_url": "http://127.0.0.1:5000",
    "http_upstream_url": "http://127.0.0.1:5000",
    "ready_path": "/ready",
    "max_inflight": "1",
    "exec_timeout": "2s",
    "read_timeout": "30s",
    "write_timeout": "30s",
    "healthcheck_interval": "3s",
    "prefix_logs": "false",
}


@pytest.fixture(params=["fwatchdog", "fwatchdog-of-ours"])
def program(request, platform):
    if request.param == "fwatchdog" and not programs.is_real(platform, "fwatchdog"):
        pytest.skip("the sources of of-watchdog are not here: ../shared/upstream")
    return platform.program(request.param)


@pytest.fixture
def start(platform, program, tmp_path):
    """Return a function that runs the watchdog in a container, which has its two ports free."""
    name = f"watchdog-{uuid.uuid4().hex[:8]}"
    script = tmp_path / "function.py"
    script.write_text(FUNCTION)
    started = []

    def start(**settings):
        variables = [f"--env={key}={value}" for key, value in {**SETTINGS, **settings}.items()]
        command = [
            platform.program("docker"), "run", "--rm", "--name", name, "--network", docker.NETWORK,
            f"--volume={program}:/fwatchdog:ro", f"--volume={script}:/function.py:ro",
            *variables, docker.BASE, "/fwatchdog",
        ]  # fmt: skip
        child = subprocess.Popen(
            command, env=platform.environment(), stdout=subprocess.PIPE, text=True
        )
        started.append(child)
        return child

    start.container = name
    yield start
    for child in started:
        with suppress(RuntimeError):  # it has ended
            docker.run(platform, "rm", "--force", name)
        child.communicate()


@pytest.fixture
def watchdog(platform, start):
    child = start()
    process.wait(lambda: address(platform, start.container), 30, "the container")
    url = f"http://{address(platform, start.container)}:8080"
    process.wait(probe.http(f"{url}/_/ready", 204), 30, "the watchdog")
    return child, url


def address(platform, container):
    where = f'{{{{(index .NetworkSettings.Networks "{docker.NETWORK}").IPAddress}}}}'
    with suppress(RuntimeError):  # it is not there yet
        return docker.run(platform, "inspect", "--format", where, container)


def read_until(child, text):
    for line in child.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} was never said")


def test_health_is_its_own_and_readiness_the_functions(watchdog):
    _, url = watchdog

    assert calls.get(f"{url}/_/health").status_code == 200
    assert calls.get(f"{url}/_/ready").headers["x-path"] == "/ready"


def test_every_answer_says_how_long_it_took(watchdog):
    _, url = watchdog

    assert float(calls.get(f"{url}/").headers["x-duration-seconds"]) >= 0


def test_one_call_too_many_is_429_and_not_ready_and_health_stays(watchdog):
    child, url = watchdog
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(httpx2.get, f"{url}/slow", timeout=30)
        read_until(child, "slow")

        assert calls.get(f"{url}/").status_code == 429
        assert calls.get(f"{url}/_/ready").status_code == 429
        assert calls.get(f"{url}/_/health").status_code == 200
        assert slow.result().status_code == 504
        assert INTERNAL in slow.result().headers


def test_a_caller_may_shorten_the_limit(watchdog):
    _, url = watchdog

    answer = httpx2.get(f"{url}/slow", headers={"X-Timeout": "100ms"}, timeout=1.5)

    assert answer.status_code == 504


def test_the_limit_covers_the_body_so_that_a_long_download_is_cut(watchdog):
    _, url = watchdog

    with httpx2.stream("GET", f"{url}/long", timeout=30) as answer:
        assert answer.status_code == 200
        with pytest.raises(httpx2.RemoteProtocolError):
            answer.read()


def test_event_streams_have_no_limit(watchdog):
    _, url = watchdog

    answer = httpx2.get(f"{url}/events", headers={"Accept": "text/event-stream"}, timeout=30)

    assert answer.text == "data: 1234data: 5678"


def test_a_function_that_ended_well_leaves_a_watchdog_that_answers_500(watchdog):
    _, url = watchdog

    with suppress(httpx2.TransportError):
        calls.get(f"{url}/end0")
    answer = calls.get(f"{url}/")

    assert (answer.status_code, answer.headers[INTERNAL]) == (500, "of-watchdog")
    assert calls.get(f"{url}/_/health").status_code == 200


def test_a_function_that_failed_ends_the_container(watchdog):
    child, url = watchdog

    with suppress(httpx2.TransportError):  # it may be gone before it can answer
        calls.get(f"{url}/end1")

    assert child.wait(10) != 0


def test_after_sigterm_it_says_that_it_leaves_and_listens_on_for_a_while(watchdog):
    child, url = watchdog

    child.terminate()
    read_until(child, "asked to stop")

    assert calls.get(f"{url}/_/health").status_code == 503
    assert calls.get(f"{url}/").status_code == 200
    child.wait(15)


def test_nobody_elses_call_is_touched(watchdog):
    _, url = watchdog
    parts = urlsplit(url)
    door = Door(address=parts.hostname, port=parts.port)

    victims = {name: set(attack(door, name).victims) for name in ATTACKS}

    assert all(each <= {200, 429} for each in victims.values()), victims  # 429: one at a time
