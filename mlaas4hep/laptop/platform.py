"""The whole platform on one machine: `up` starts it, waits for a signal and stops it."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

import uvloop

from mlaas4hep.errors import ConflictError
from mlaas4hep.faas.http import calls
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.bus.broker import configure
from mlaas4hep.laptop.functions import FUNCTIONS, DeployedFunction
from mlaas4hep.laptop.gateway import Gateway
from mlaas4hep.laptop.logs import FunctionLog, collected
from mlaas4hep.laptop.password import password
from mlaas4hep.laptop.ports import HOST, free_ports
from mlaas4hep.laptop.programs import DISPATCHER, GATEWAY, NATS, Sources, Wiring, dispatcher_keys
from mlaas4hep.laptop.proxy import Proxy
from mlaas4hep.laptop.server import serving
from mlaas4hep.laptop.signin import SignIn
from mlaas4hep.laptop.state import State
from mlaas4hep.laptop.supervisor import Supervisor
from mlaas4hep.settings import Settings

CALL_S = 25 * 3600.0  #: longest call of a function; a training may take a day


def up(
    state_dir: Path,
    *,
    port: int = 8080,
    workflow_port: int = 8433,
    predict_port: int = 8083,
    announce: Callable[[str], None],
    welcome: Callable[[str], None] = lambda _url: None,
    env: Mapping[str, str] | None = None,
    sources: Sources | None = None,
) -> None:
    """Run the platform until SIGINT or SIGTERM; a port 0 is chosen by the system.

    Args:
        announce: is given one line when everything is ready.
        welcome: is given the gateway's address then.
        env: the environment; variables `MLAAS_…` in it reach the functions.
        sources: other functions than ours, for tests.

    Raises:
        ConflictError: the folder or a port is in use.
        SettingsError: a variable `MLAAS_…` is wrong.
        ServiceUnavailableError: a part does not start; the message quotes its log.
    """
    env = dict(os.environ if env is None else env)
    env.setdefault("MLAAS_REMOTE_NETWORKS", "127.0.0.0/8, ::1/128")  # servers of this machine
    Settings.from_env(env)
    state = State(state_dir.absolute())
    ports = {"--port": port, "--workflow-port": workflow_port, "--predict-port": predict_port}
    with ExitStack() as stack:
        stack.enter_context(state.locked())
        doors = [stack.enter_context(_listening(*each)) for each in ports.items()]
        logs = {
            name: FunctionLog(state.folder("logs") / f"{name}.log")
            for name in (*FUNCTIONS, DISPATCHER, NATS, GATEWAY)
        }
        stack.enter_context(collected(logs[GATEWAY], env.get("MLAAS_LOG_LEVEL", "INFO")))
        run = _run(
            state=state,
            sources=sources or Sources.find(),
            doors=doors,
            logs=logs,
            env=env,
            announce=announce,
            welcome=welcome,
        )
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(run)


@contextmanager
def _listening(option: str, port: int) -> Iterator[socket.socket]:
    # with the protocol named, asyncio switches Nagle's delays off for what is accepted
    with socket.socket(proto=socket.IPPROTO_TCP) as door:
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            door.bind((HOST, port))
            door.listen(1024)
        except OSError as error:
            raise ConflictError(
                f"port {port} cannot be used: {error.strerror}",
                hint=f"choose another one with {option}",
            ) from error
        yield door


async def _run(
    *,
    state: State,
    sources: Sources,
    doors: list[socket.socket],
    logs: Mapping[str, FunctionLog],
    env: Mapping[str, str],
    announce: Callable[[str], None],
    welcome: Callable[[str], None],
) -> None:
    stopped = _signals()
    port, workflow_port, predict_port = (door.getsockname()[1] for door in doors)
    gateway_url = f"http://{HOST}:{port}"
    nats_port, *function_ports = free_ports(1 + len(FUNCTIONS))
    functions = {
        name: DeployedFunction(name=name, port=number, log=logs[name])
        for name, number in zip(FUNCTIONS, function_ports, strict=True)
    }
    wiring = _wiring(state, sources, gateway_url, nats_port, env)
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(calls())
        gateway = Gateway(
            functions=functions,
            logs=logs,
            jwks=issuer.jwks(state.root),
            own_paths={workflow_port: "workflow", predict_port: "predict"},
            password=password(state),
            proxy=Proxy(session, CALL_S),
            sign_in=SignIn(state.root),
        )
        await stack.enter_async_context(serving(gateway, doors))
        supervisor = Supervisor(wiring, functions, logs, session)
        try:
            if await supervisor.start(stopped):
                state.note_address(gateway_url)
                announce(_ready(gateway_url, workflow_port, predict_port))
                welcome(gateway_url)
                await stopped.wait()
        finally:
            await supervisor.stop()


def _ready(gateway_url: str, workflow_port: int, predict_port: int) -> str:
    return (
        f"mlaas4hep is ready: gateway {gateway_url}"
        f" workflow http://{HOST}:{workflow_port} predict http://{HOST}:{predict_port}"
    )


def _wiring(
    state: State, sources: Sources, gateway_url: str, nats_port: int, env: Mapping[str, str]
) -> Wiring:
    private, public = dispatcher_keys(state)
    return Wiring(
        state=state,
        sources=sources,
        broker=configure(state, nats_port, sources.nats_users),
        gateway_url=gateway_url,
        dispatcher_key=private,
        dispatcher_public_key=public,
        base=env,
    )


def _signals() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped
