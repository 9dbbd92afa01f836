import signal
import socket

import pytest
import uvicorn

from mlaas4hep.faas.server.asgiserver import Server


@pytest.fixture
def _own_signals():
    """Give the signals back that a server takes."""
    before = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.mark.usefixtures("_own_signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_that_comes_before_a_server_serves_ends_it_too_and_is_told_once(number):
    told = []
    config = uvicorn.Config(None, lifespan="off", log_config=None)
    server = Server(config, lambda: told.append("stop"))

    signal.raise_signal(number)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server.run([listening])

    assert told == ["stop"]
    assert server.started
