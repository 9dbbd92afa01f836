"""What the platform itself asks of `predict`: news of models, health and readiness."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from mlaas4hep.errors import (
    NotFoundError,
    PermanentError,
    StrangeEventError,
    UnauthenticatedError,
)
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import Context
from mlaas4hep.http.route import Route

if TYPE_CHECKING:  # events are loaded with the first one
    from mlaas4hep.core.runs.events import ModelReady

log = logging.getLogger(__name__)

_CLOUD_EVENT = "application/cloudevents"
_MAX_EVENT_BYTES = 1024**2  #: NATS carries no more either


Handler = Callable[[Context, Call], Awaitable[Answer]]


def is_event(call: Call) -> bool:
    """Tell whether the body says that it is an event."""
    return call.header(b"content-type").startswith(_CLOUD_EVENT)


async def health(_desk: Context, _call: Call) -> Answer:
    """Say that the process is alive."""
    return json_answer({"status": "healthy"})


async def ready(context: Context, _call: Call) -> Answer:
    """Say whether the store of models answers."""
    await context.batcher.in_thread(partial(context.services.models.info, "ready/ready/model.json"))
    return json_answer({"status": "ready"})


async def deliver(context: Context, call: Call) -> Answer:
    """Take the dispatcher's news that there is a new model; what can never be taken is a 422."""
    if context.events is None:
        raise UnauthenticatedError("this deployment has no dispatcher")
    promised = context.events.event_id(call.header(b"authorization"))
    body = await call.read(_MAX_EVENT_BYTES)
    try:
        event = await context.batcher.in_thread(partial(_opened, body, promised))
        await _take(context, event)
    except UnauthenticatedError:
        raise
    except PermanentError as error:
        log.warning("%s: %s", promised, error)
        return json_answer({"error": error.problem.to_json()}, PermanentError.status)
    return json_answer({"event": promised})


def _opened(body: bytes, promised: str) -> "ModelReady":
    from mlaas4hep.core.runs import cloudevents  # noqa: PLC0415 - see above
    from mlaas4hep.core.runs.events import ModelReady  # noqa: PLC0415 - see above

    event = cloudevents.load_event(body)
    if event.id != promised:
        raise UnauthenticatedError(
            f"the token is for event {promised!r} and the body is event {event.id!r}"
        )
    if not isinstance(event, ModelReady):
        raise StrangeEventError(f"predict does nothing with {event.type!r}")
    return event


async def _take(context: Context, event: "ModelReady") -> None:
    try:
        await context.batcher.for_owner(
            event.owner, partial(context.registry.warm, event, context.services)
        )
        context.newest_models.pop(event.owner, None)
    except NotFoundError:
        log.info("%s: the model is deleted already", event.id)


def _inside(name: str, path: str, handler: Handler) -> Route:
    return Route(
        name=name,
        method="GET",
        path=path,
        handler=handler,
        tag="platform",
        is_open=True,
        is_documented=False,
        is_by_path_only=True,
    )


ROUTES = (_inside("health", "/_/health", health), _inside("readiness", "/_/ready", ready))
