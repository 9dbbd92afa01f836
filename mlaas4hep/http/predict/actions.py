"""Everything by body: `faas-cli invoke predict` can pass no path, so `/` looks at what is sent.

- `application/cloudevents+json` with the dispatcher's token: `model.ready` loads the new model
- `{"action": "models"}`, and `model`, `params`, `set_params`, `upload`, `delete`, `status`
- `{"action": "v1", "model": …, "instances": …}` and `{"action": "infer", "model": …, "inputs": …}`
- `{"keys": …, "values": …}` or `{"entries": …}`: a prediction, as at `/json`
"""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import ModelReady
from mlaas4hep.errors import (
    InvalidRequestError,
    NotFoundError,
    PermanentError,
    UnauthenticatedError,
)
from mlaas4hep.http.predict import tfaas, v1, v2
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Desk
from mlaas4hep.http.predict.infer import from_json
from mlaas4hep.http.predict.model_upload import upload_action
from mlaas4hep.http.predict.raw import entries_of, predict_entries
from mlaas4hep.http.predict.rows import predict_rows, rows_of

log = logging.getLogger(__name__)

_CLOUD_EVENT = "application/cloudevents"
_MAX_EVENT_BYTES = 1024**2  #: NATS carries no more either

Action = Callable[[Desk, Call, dict[str, Any]], Awaitable[Answer]]


async def predict(desk: Desk, call: Call) -> Answer:
    """Answer `/json`: rows of inputs or raw entries."""
    return await _predict(desk, call, tfaas.object_of(await call.read(MAX_BODY_BYTES)))


async def post(desk: Desk, call: Call) -> Answer:
    """Answer a body at `/` by what it is; nobody's body is read before the token is checked."""
    if call.header(b"content-type").startswith(_CLOUD_EVENT):
        return await _event(desk, call)
    call.person = await desk.people.person(call, desk.batcher)
    request = tfaas.object_of(await call.read(MAX_BODY_BYTES))
    action = request.get("action") or "predict"
    if not isinstance(action, str) or action not in ACTIONS:
        raise InvalidRequestError(
            f"there is no action {action!r}", hint=nearest(str(action), ACTIONS)
        )
    return await ACTIONS[action](desk, call, request)


async def get(desk: Desk, call: Call) -> Answer:
    """Say what this is; with `?action=models` and the like, do it."""
    if "action" not in call.query:
        return json_answer({"service": "mlaas4hep predict", "version": __version__})
    call.person = await desk.people.person(call, desk.batcher)
    action = call.query["action"]
    if action not in _READING:
        raise InvalidRequestError(
            f"there is no action {action!r} for GET", hint=nearest(action, _READING)
        )
    return await ACTIONS[action](desk, call, dict(call.query))


async def health(_desk: Desk, _call: Call) -> Answer:
    """Say that the process is alive."""
    return json_answer({"status": "healthy"})


async def ready(desk: Desk, _call: Call) -> Answer:
    """Say whether the store of models answers."""
    await desk.batcher.in_thread(partial(desk.services.models.info, "ready/ready/model.json"))
    return json_answer({"status": "ready"})


async def _predict(desk: Desk, call: Call, request: dict[str, Any]) -> Answer:
    model = request.get("model") or request.get("name") or ""
    if not isinstance(model, str):
        raise InvalidRequestError(f"model is {model!r}, not a name")
    if "entries" in request:
        return await predict_entries(desk, call, model, entries_of(request))
    return await predict_rows(desk, call, model, rows_of(request))


async def _event(desk: Desk, call: Call) -> Answer:
    """Take the dispatcher's news that there is a new model."""
    if desk.events is None:
        raise UnauthenticatedError("this deployment has no dispatcher")
    promised = desk.events.event_id(call.header(b"authorization"))
    event = cloudevents.load_event(await call.read(_MAX_EVENT_BYTES))
    if event.id != promised:
        raise UnauthenticatedError(
            f"the token is for event {promised!r} and the body is event {event.id!r}"
        )
    if not isinstance(event, ModelReady):
        raise InvalidRequestError(f"predict does nothing with {event.type!r}")
    try:
        await desk.batcher.in_thread(partial(desk.registry.warm, event, desk.services))
    except NotFoundError:
        log.info("%s: the model is deleted already", event.id)
    except PermanentError as error:
        log.warning("%s: %s", event.id, error)
        return json_answer({"error": error.problem.to_json()}, PermanentError.status)
    return json_answer({"event": event.id})


async def _v1(desk: Desk, call: Call, request: dict[str, Any]) -> Answer:
    return await v1.predict(desk, call, request, str(request.get("model", "")))


async def _infer(desk: Desk, call: Call, request: dict[str, Any]) -> Answer:
    return await v2.predict(desk, call, from_json(request), str(request.get("model", "")))


async def _set_params(desk: Desk, call: Call, request: dict[str, Any]) -> Answer:
    return await tfaas.set_params(desk, call, str(request.get("name", "")))


def _on_model(handler: Callable[[Desk, Call, str], Awaitable[Answer]]) -> Action:
    async def act(desk: Desk, call: Call, request: dict[str, Any]) -> Answer:
        return await handler(desk, call, str(request.get("model") or request.get("name") or ""))

    return act


def _on_all(handler: Callable[[Desk, Call], Awaitable[Answer]]) -> Action:
    async def act(desk: Desk, call: Call, _request: dict[str, Any]) -> Answer:
        return await handler(desk, call)

    return act


ACTIONS: dict[str, Action] = {
    "predict": _predict,
    "json": _predict,
    "models": _on_all(tfaas.models),
    "status": _on_all(tfaas.status),
    "model": _on_model(tfaas.model),
    "params": _on_model(tfaas.params),
    "v1": _v1,
    "infer": _infer,
    "set_params": _set_params,
    "upload": upload_action,
    "delete": _on_model(tfaas.delete),
}
_READING = ("models", "status", "model", "params")
