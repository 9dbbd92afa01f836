"""Deployments by name, with the tokens for them: one file that only its owner can read."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import platformdirs

from mlaas4hep.client.oauth.grant import Renewal
from mlaas4hep.core import wire
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError, NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One deployment and who you are there."""

    name: str
    url: str
    token: str = field(repr=False)
    renewal: Renewal | None = None  #: how the next token is had; None: it was given by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """All that are known, the one that is used without asking first."""

    endpoints: tuple[Endpoint, ...] = ()

    def __iter__(self) -> Iterator[Endpoint]:
        return iter(self.endpoints)

    def find(self, name: str) -> Endpoint:
        """Return the endpoint of that name.

        Raises:
            NotFoundError: there is none.
        """
        for each in self.endpoints:
            if each.name == name:
                return each
        hint = nearest(name, [each.name for each in self.endpoints])
        raise NotFoundError(
            f"there is no endpoint {name!r}", hint=hint or f"mlaas4hep login {name} --url …"
        )

    def at(self, url: str) -> Endpoint | None:
        """Return the endpoint with that address."""
        return next((each for each in self.endpoints if each.url == url), None)

    def first(self, endpoint: Endpoint) -> "Endpoints":
        """Return these with an endpoint that is used from now on, in place of one of its name."""
        return replace(self, endpoints=(endpoint, *self.without(endpoint.name).endpoints))

    def replacing(self, endpoint: Endpoint) -> "Endpoints":
        """Return these with a newer state of one of them, in its place."""
        kept = (endpoint if each.name == endpoint.name else each for each in self.endpoints)
        return replace(self, endpoints=tuple(kept))

    def without(self, name: str) -> "Endpoints":
        """Return these without the one of that name."""
        return replace(self, endpoints=tuple(e for e in self.endpoints if e.name != name))


def place() -> Path:
    """Return the file."""
    return platformdirs.user_config_path("mlaas4hep", appauthor=False) / "endpoints.json"


def load() -> Endpoints:
    """Return what the file says; no file says nothing.

    Raises:
        InvalidRequestError: it is not as we wrote it.
    """
    path = place()
    try:
        return wire.load(Endpoints, path.read_bytes())
    except FileNotFoundError:
        return Endpoints()
    except InvalidRequestError as error:
        raise InvalidRequestError(
            f"{str(path)!r} is damaged: {error}", file=str(path), hint="delete it, and log in again"
        ) from error


def save(endpoints: Endpoints) -> None:
    """Write the file, readable by its owner alone; it appears as a whole."""
    path = place()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(wire.dump(endpoints))
    partial.replace(path)
