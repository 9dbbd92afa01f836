"""A function in a process of its own, as its image starts it."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx2

from mlaas4hep.laptop.ports import free_ports
from mlaas4hep.laptop.programs import Sources
from tests import calls

ASGI = """
import gc
import sys
import tempfile
from mlaas4hep.faas.function import asgi

def make_app(services, settings):
    made_in = tempfile.gettempdir()
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        size, more = 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size, more = size + len(message["body"]), message["more_body"]
            if scope["path"] == "/slow":
                print("inside", file=sys.stderr, flush=True)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        if scope["path"] == "/loaded":
            names = {name.partition(".")[0] for name in sys.modules}
            await send({"type": "http.response.body", "body": " ".join(names).encode()})
            return
        if scope["path"] == "/collector":
            told = f"{gc.isenabled()} {gc.get_freeze_count() > 10_000}"
            await send({"type": "http.response.body", "body": told.encode()})
            return
        if scope["path"] == "/where":
            folders = f"{made_in} {tempfile.gettempdir()}"
            await send({"type": "http.response.body", "body": folders.encode()})
            return
        for part in (scope["path"], "?", scope["query_string"].decode(), f" {size}"):
            await send({"type": "http.response.body", "body": part.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    return app

function = asgi("tiny", make_app)
"""


class Served:
    """A function under the template's index.py, as of-watchdog starts it."""

    def __init__(self, folder, handler, shell=(), **env):
        (folder / "function").mkdir(exist_ok=True)
        (folder / "function" / "handler.py").write_text(handler)
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        settings = {"MLAAS_PORT": str(port), "PYTHONPATH": str(folder)} | env
        self.process = subprocess.Popen(
            [*shell, sys.executable, "-P", Sources.find().index],
            env={**os.environ, **settings},
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_until_up(self):
        until = time.monotonic() + 120
        while time.monotonic() < until:
            try:
                return calls.get(f"{self.url}/_/health")
            except httpx2.TransportError:
                time.sleep(0.02)
        raise AssertionError("it does not come up")


@contextmanager
def served(folder, handler, shell=(), **env):
    function = Served(folder, handler, shell, **env)
    try:
        yield function
    finally:
        function.process.kill()
        function.process.wait()
        function.process.stderr.close()
