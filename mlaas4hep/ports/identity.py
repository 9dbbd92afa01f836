"""Who calls."""

from typing import Protocol

from mlaas4hep.core.requests.person import Person


class People(Protocol):
    """Whom the `Authorization` header of a request belongs to."""

    def person(self, authorization: str | None) -> Person:
        """Return who sent this header.

        Raises:
            UnauthenticatedError: there is no bearer token, or it does not hold.
            ServiceUnavailableError: what is needed to check it does not answer.
        """


class Deliveries(Protocol):
    """Which event the `Authorization` header of a delivery allows; for one function."""

    def event_id(self, authorization: str | None) -> str:
        """Return the id of the only event that this header may deliver.

        Raises:
            UnauthenticatedError: the header is not one of the dispatcher for this function.
        """
