"""Starts what runs beside the gateway in the right order, looks after it, and stops it."""

import asyncio
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any

import aiohttp

from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.laptop.bus.fulldisk import start_again_when_there_is_room
from mlaas4hep.laptop.child import Child, Program
from mlaas4hep.laptop.functions import DeployedFunction
from mlaas4hep.laptop.logs import FunctionLog
from mlaas4hep.laptop.programs import DISPATCHER, NATS, Wiring
from mlaas4hep.laptop.tasks import end

READY_S = 180.0  #: longest start, of a machine that is busy with something else
GRACE_S = 5.0  #: for stopping; what is not finished then is delivered again at the next start
LOST_AFTER = 3  #: a program that ends this often before all is ready will never be
_LOOK_S = 0.02
_QUOTED_LINES = 15


class Supervisor:
    """The programs of one platform."""

    def __init__(
        self,
        wiring: Wiring,
        functions: Mapping[str, DeployedFunction],
        logs: Mapping[str, FunctionLog],
        session: aiohttp.ClientSession,
    ) -> None:
        self._wiring = wiring
        self._functions = functions
        self._logs = logs
        self._session = session
        self._children: dict[str, Child] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def start(self, stopped: asyncio.Event) -> bool:
        """Return True when everything is ready, False when `stopped` was set before.

        Raises:
            ServiceUnavailableError: a program does not become ready; the message quotes its log.
        """
        starting = asyncio.create_task(self._start())
        stopping = asyncio.create_task(stopped.wait())
        first: set[asyncio.Future[Any]] = {starting, stopping, self._lost}
        try:
            await asyncio.wait(first, timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
            elif not stopping.done():
                raise self._failure()
            return starting.done()
        finally:
            await end(starting, stopping)

    async def stop(self) -> None:
        """Stop everything: what hands out work first, what keeps it last."""
        await end(*self._tasks)
        for names in ((DISPATCHER,), self._functions, (NATS,)):
            children = [self._children[name] for name in names if name in self._children]
            await asyncio.gather(*(child.stop(GRACE_S) for child in children))

    async def _start(self) -> None:
        wiring = self._wiring
        nats = await self._run(wiring.nats_server())
        self._spawn(start_again_when_there_is_room(nats, wiring.state.folder(NATS), GRACE_S))
        for name, function in self._functions.items():
            await self._run(wiring.function(name, function.port))
        await _until_listening(wiring.broker.port)
        await asyncio.to_thread(wiring.broker.prepare)
        await self._run(wiring.dispatcher())
        await wiring.broker.wait_for_dispatcher()
        await asyncio.gather(*(function.ready.wait() for function in self._functions.values()))

    async def _run(self, program: Program) -> Child:
        child = Child(program, self._logs[program.name], self._started, self._ended)
        self._children[program.name] = child
        await child.start()
        return child

    def _started(self, child: Child) -> None:
        children = self._children.values()
        self._wiring.state.note_children({each.name: each.pid for each in children if each.pid})
        if child.name in self._functions:
            self._spawn(_watch_ready(self._session, self._functions[child.name]))

    def _ended(self, child: Child) -> None:
        if child.name in self._functions:
            self._functions[child.name].ready.clear()
        if child.ends >= LOST_AFTER and not self._lost.done():
            self._lost.set_result(child.name)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _failure(self) -> ServiceUnavailableError:
        waiting = [name for name, each in self._functions.items() if not each.ready.is_set()]
        name = self._lost.result() if self._lost.done() else [*waiting, DISPATCHER][0]
        failed = "does not start" if self._lost.done() else f"is not ready after {READY_S:.0f} s"
        said = "\n".join(f"  {line.text}" for line in self._logs[name].lines(tail=_QUOTED_LINES))
        return ServiceUnavailableError(f"{name} {failed}; it said:\n{said}")


async def _watch_ready(session: aiohttp.ClientSession, function: DeployedFunction) -> None:
    """Mark the function as ready as soon as it says so."""
    while not function.ready.is_set():
        with suppress(aiohttp.ClientError):
            async with session.get(f"{function.url}/_/ready") as reply:
                if reply.ok:
                    function.ready.set()
                    return
        await asyncio.sleep(_LOOK_S)


async def _until_listening(port: int) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(_LOOK_S)
        else:
            writer.close()
            return
