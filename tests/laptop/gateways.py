"""A gateway in this process before functions that do what a test wants."""

import asyncio
import contextlib
import json
import socket
import threading

from mlaas4hep.faas.http import calls
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.functions import DeployedFunction
from mlaas4hep.laptop.gateway import Gateway
from mlaas4hep.laptop.logs import FunctionLog
from mlaas4hep.laptop.proxy import Proxy
from mlaas4hep.laptop.server import serving
from mlaas4hep.laptop.signin import SignIn

PASSWORD = "only for tests"
LARGE_BYTES = 4 * 1024 * 1024


class Echo:
    """A function that does what its path says; `go` lets a stream continue."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.gone = threading.Event()
        self.paths = []

    async def __call__(self, scope, receive, send):
        self.paths.append(scope["path"])
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

    async def page(self, _scope, _receive, send):
        await self._answer(send, 200, b"", (b"content-security-policy", b"frame-ancestors 'none'"))

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
        for each in waiting:
            each.cancel()
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

    async def _answer(self, send, status, body, *more):
        headers = [(b"content-length", b"%d" % len(body)), (b"x-content-type-options", b"nosniff")]
        headers += [(b"content-security-policy", b"frame-ancestors 'self'"), *more]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


class Running:
    """A gateway before three functions: one that answers, one not there, one not ready."""

    def __init__(self, folder, bodies=None) -> None:
        self._bodies = bodies
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
        async with contextlib.AsyncExitStack() as stack:
            doors = [stack.enter_context(socket.socket(proto=socket.IPPROTO_TCP)) for _ in range(4)]
            for door in doors:
                door.bind(("127.0.0.1", 0))
            for door in doors[:3]:
                door.listen()
            self.ports = [door.getsockname()[1] for door in doors]
            self.echo = Echo()
            functions = {
                name: DeployedFunction(name=name, port=port, log=self.log)
                for name, port in (
                    ("echo", self.ports[2]),
                    ("away", self.ports[3]),
                    ("slow", 1),
                    ("predict", self.ports[2]),
                )
            }
            functions["echo"].ready.set()
            functions["away"].ready.set()
            functions["predict"].ready.set()
            session = await stack.enter_async_context(calls())
            gateway = Gateway(
                functions=functions,
                logs={"echo": self.log},
                jwks=issuer.jwks(self._folder),
                own_paths={self.ports[1]: "echo"},
                password=PASSWORD,
                proxy=Proxy(session, 1.0, start_s=0.1, bodies=self._bodies),
                sign_in=SignIn(self._folder),
            )
            async with serving(self.echo, doors[2:3]), serving(gateway, doors[:2]):
                self._up.set()
                await self._stop.wait()
