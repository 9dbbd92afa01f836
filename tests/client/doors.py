"""The client before the real door, and before servers that answer what a test says."""

import httpx2

from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from tests.people import behind_gateway


def connect(world, name="alice", **options):
    line = Connection(
        world.token(name) if name else "",
        transport=httpx2.WSGITransport(behind_gateway(world.app)),
        **options,
    )
    return Client("http://door", connection=line)


class Server:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append((request.method, request.read()))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options):
        self.pauses = []
        line = Connection(transport=httpx2.MockTransport(self), pause=self.pauses.append, **options)
        return Client("http://door", connection=line)
