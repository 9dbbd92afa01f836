"""A web server that does what servers should not, and who reads from it."""

import threading

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.place import WebPlaces
from tests.adapters.sources.places.webserver import Server
from tests.dataservers import web_server


@pytest.fixture
def server():
    made = Server()
    made.stopped = threading.Event()
    with web_server(made.handler()) as prefix:
        made.prefix = prefix
        yield made
        made.stopped.set()


@pytest.fixture
def places():
    return WebPlaces(ServerPolicy())
