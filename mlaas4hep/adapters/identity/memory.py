"""Identity in memory: tokens that are handed out and known by heart, for tests and tools."""

import secrets

from mlaas4hep.adapters.identity.tokens import bearer
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import UnauthenticatedError


class MemoryPeople:
    """`People` whose tokens this process made."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}

    def token(self, person: Person) -> str:
        """Return a new token of a person."""
        token = secrets.token_urlsafe(24)
        self._people[token] = person
        return token

    def person(self, authorization: str | None) -> Person:
        """Return who sent this header."""
        person = self._people.get(bearer(authorization))
        if person is None:
            raise UnauthenticatedError("nobody here has this token")
        return person


class MemoryDeliveries:
    """`Deliveries` of one function whose tokens this process made."""

    def __init__(self, function: str) -> None:
        self.function = function
        self._events: dict[str, str] = {}

    def token(self, event_id: str) -> str:
        """Return a new token that delivers one event."""
        token = secrets.token_urlsafe(24)
        self._events[token] = event_id
        return token

    def event_id(self, authorization: str | None) -> str:
        """Return the id of the only event that this header may deliver."""
        event_id = self._events.get(bearer(authorization))
        if event_id is None:
            raise UnauthenticatedError(f"the token delivers nothing to {self.function!r}")
        return event_id
