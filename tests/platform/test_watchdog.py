"""The testbed's watchdog does what functions know of of-watchdog."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import pytest

from deploy.testbed import probe, process

FUNCTION = """
import http.server, os, signal, sys, threading

leave = threading.Event()

class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/slow":
            print("slow", flush=True)
            leave.wait(20)
        if self.path == "/end":
            os._exit(0)
        self.send_response(204 if self.path == "/ready" else 200)
        self.send_header("X-Path", self.path)
        self.end_headers()

    do_POST = do_GET

    def log_message(self, *_):
        pass

def stop(*_):
    print("asked to stop", flush=True)
    leave.set()
    threading.Thread(target=server.shutdown).start()

server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
signal.signal(signal.SIGTERM, stop)
server.serve_forever()
"""


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def watchdog(platform, tmp_path):
    script = tmp_path / "function.py"
    script.write_text(FUNCTION)
    port, upstream = free_port(), free_port()
    child = subprocess.Popen(
        [platform.program("fwatchdog")],
        env={
            "port": str(port),
            "fprocess": f"{sys.executable} {script} {upstream}",
            "upstream_url": f"http://127.0.0.1:{upstream}",
            "ready_path": "/ready",
            "max_inflight": "1",
            "exec_timeout": "2s",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}"
    process.wait(probe.http(f"{url}/_/ready", 204), 30, "the watchdog")
    yield child, url
    child.terminate()
    child.communicate()


def test_health_is_its_own_and_readiness_the_functions(watchdog):
    _, url = watchdog

    assert httpx.get(f"{url}/_/health").status_code == 200
    assert httpx.get(f"{url}/_/ready").headers["x-path"] == "/ready"


def test_one_call_too_many_is_429_and_health_stays(watchdog):
    child, url = watchdog
    with ThreadPoolExecutor(1) as other:
        slow = other.submit(httpx.get, f"{url}/slow", timeout=30)
        child.stdout.readline()

        assert httpx.get(f"{url}/").status_code == 429
        assert httpx.get(f"{url}/_/health").status_code == 200
        assert slow.result().status_code == 504


def test_a_function_that_ends_ends_the_container(watchdog):
    child, url = watchdog

    with suppress(httpx.TransportError):  # it may be gone before it can answer 502
        httpx.get(f"{url}/end")

    child.wait(10)


def test_the_function_is_asked_to_stop(watchdog):
    child, _ = watchdog

    child.terminate()
    said, _ = child.communicate(timeout=30)

    assert "asked to stop" in said
