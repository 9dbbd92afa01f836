"""The Python clients of a deployment: `Client`, and `AsyncClient` for programs with an event loop."""

from mlaas4hep.client.asyncclient import AsyncClient
from mlaas4hep.client.client import Client

__all__ = ["AsyncClient", "Client"]
