"""What becomes of predictions that are under way when the function is told to stop."""

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest

from tests.gatedmodel import GatedModel
from tests.http.predict.conftest import serving


@pytest.fixture
def model():
    return GatedModel(4)


@pytest.fixture
def world(make_world, model):
    """Return a world with one slow model."""
    world = make_world(load=lambda _store, _record: model)
    world.serve()
    return world


def test_a_prediction_under_way_is_answered_before_the_function_stops(world, model):
    def ask():
        asked = {"model": "luca_1", "values": [1, 2, 3, 4]}
        headers = {"Authorization": "Bearer alice"}
        return httpx2.post(f"http://127.0.0.1:{port}/json", json=asked, headers=headers, timeout=60)

    with ThreadPoolExecutor(1) as pool, serving(world.app) as (server, (host, port)):
        answer = pool.submit(ask)
        assert model.inside.wait(60)
        server.should_exit = True
        while is_open(host, port):
            pass
        assert not answer.done()
        model.gate.set()

        assert answer.result(60).json() == [1.0, 2.0, 3.0, 4.0]


def is_open(host, port):
    with socket.socket() as asking:
        return asking.connect_ex((host, port)) == 0
