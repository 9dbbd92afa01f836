"""Events on the wire: CloudEvents 1.0 in structured JSON (https://cloudevents.io)."""

from typing import Any

import pydantic_core

from mlaas4hep.core import keys, wire
from mlaas4hep.core.runs.events import KINDS, Event
from mlaas4hep.errors import InvalidRequestError, StrangeEventError

SOURCE = "/mlaas4hep"
OVER = "over"  #: true in a function's answer: no event of this kind, run and attempt does anything
AGAIN = "Mlaas-Again"  #: header of what is told again; what follows from it is no echo either


def dump_event(event: Event) -> bytes:
    """Return the CloudEvents JSON of an event."""
    return wire.dump(
        {
            "specversion": "1.0",
            "id": event.id,
            "source": SOURCE,
            "type": event.type,
            "subject": f"{event.owner}/{event.run}",
            "datacontenttype": "application/json",
            "data": event,
        }
    )


def load_event(body: bytes) -> Event:
    """Return the event inside a CloudEvents JSON; each field has the type that is declared.

    Fields that this release does not know pass: a newer one may send them.

    Raises:
        StrangeEventError: it is not a CloudEvent of a type that we know, or a field is wrong.
    """
    kind, data = _opened(body)
    try:
        event = wire.load(kind, pydantic_core.to_json(data), strict=True)
        keys.checked_name(event.owner, "owner")
        keys.checked_name(event.run, "run")
    except InvalidRequestError as error:
        raise StrangeEventError(str(error)) from error
    return event


def _opened(body: bytes) -> tuple[type[Event], Any]:
    try:
        message = pydantic_core.from_json(body)
        return KINDS[message["type"]], message["data"]
    except (ValueError, KeyError, TypeError) as error:
        raise StrangeEventError(
            "the body is not a CloudEvent of this system",
            hint=f"`type` is one of {', '.join(sorted(KINDS))} and `data` holds its fields",
        ) from error
