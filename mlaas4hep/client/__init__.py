"""The Python client of a deployment."""

from mlaas4hep.client.client import Client

__all__ = ["Client"]
