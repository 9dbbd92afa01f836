"""TFaaS's `/params`: what is said about a model, and with whom it is shared."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.sharing import checked_groups
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context
from mlaas4hep.http.predict.tfaas.listing import described
from mlaas4hep.http.predict.tfaas.reference import BY_QUERY, TAG, found_model, own_model
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, OBJECT
from mlaas4hep.pipeline import servedversion

_TEXTS = {
    "description": "description",
    "labels": "labels",
    "model": "file",
    "op": "op",
    "inputNode": "input_node",
    "input_node": "input_node",
    "outputNode": "output_node",
    "output_node": "output_node",
    "output_name": "output_name",
}  #: key of params.json (TFaaS) → field of the record
_MAX_TEXT, _MAX_DESCRIPTION, _MAX_TEXTS = 256, 10_000, 100
_CHANNELS = ("imgChannels", "ImgChannels", "img_channels")
_UNUSED = ("input_name", "timestamp")  #: TFaaS has them: a model with one input needs no name of it
_KNOWN = {"action", "public", "groups", "name", "options", *_UNUSED, *_TEXTS, *_CHANNELS}


async def params(context: Context, call: Call) -> Answer:
    """Return the params.json of a model, or of the one uploaded last."""
    return json_answer(
        described(await found_model(context, call, call.args.get("model", "")), None)
    )


async def set_params(context: Context, call: Call) -> Answer:
    """Change what is said about one's own model, and with whom it is shared."""
    given = await call.json(MAX_BODY_BYTES)
    for name in unknown_keys(given):
        raise InvalidRequestError(f"params have no {name!r}", hint=nearest(name, _KNOWN))
    record = await own_model(context, call, call.args.get("model") or str(given.get("name") or ""))
    changed = await context.batcher.for_owner(
        record.owner, partial(_announce, context, record, given)
    )
    context.changed(record.owner, record.name)
    await context.note(call, "set_params", record.name)
    return json_answer(described(changed, None))


def unknown_keys(given: Mapping[str, Any]) -> list[str]:
    """Return the keys of a params.json that mean nothing to us."""
    return sorted(given.keys() - _KNOWN)


def ignored_keys(given: Mapping[str, Any]) -> list[str]:
    """Return a warning for each key of an uploaded params.json that means nothing to us."""
    return [
        f"params.json: {name!r} is ignored; {nearest(name, _KNOWN)}".rstrip("; ")
        for name in unknown_keys(given)
    ]


def with_params(record: ModelRecord, given: Mapping[str, Any]) -> ModelRecord:
    """Return the record with what a params.json says.

    Raises:
        InvalidRequestError: a value is of the wrong type.
    """
    changes: dict[str, Any] = {
        field: _text(key, given[key]) for key, field in _TEXTS.items() if given.get(key) is not None
    }
    for key in ("options", "groups"):
        if given.get(key) is not None:
            changes[key] = _texts(key, given[key])
    if "groups" in changes:
        changes["groups"] = checked_groups(changes["groups"])
    for key in _CHANNELS:
        if isinstance(given.get(key), int):
            changes["img_channels"] = given[key]
    if "public" in given:
        if not isinstance(given["public"], bool):
            raise InvalidRequestError(f"public is {given['public']!r}, not true or false")
        changes["public"] = given["public"]
    return replace(record, **changes)


def _announce(context: Context, record: ModelRecord, given: Mapping[str, Any]) -> ModelRecord:
    """Store a changed record; one that is served in another way is tried out before."""
    changed = with_params(record, given)
    if _way(record) != _way(changed):
        context.registry.try_out(changed)

    def follow(now: ModelRecord | None) -> ModelRecord:
        if now is None or now.version != record.version:
            raise ConflictError(
                f"another version of model {record.name!r} is served by now",
                hint="look at its params, and send yours again",
            )
        return with_params(now, given)

    return servedversion.change(record.owner, record.name, follow, context.services)


def _way(record: ModelRecord) -> tuple[str, ...]:
    return record.file, record.input_node, record.output_node, record.output_name


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise InvalidRequestError(f"{key} is {value!r:.100}, not a text")
    limit = _MAX_DESCRIPTION if key == "description" else _MAX_TEXT
    if len(value) > limit:
        raise InvalidRequestError(f"{key} has {len(value)} characters, more than {limit}")
    return value


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidRequestError(f"{key} is {value!r:.100}, not a list of texts")
    if len(value) > _MAX_TEXTS:
        raise InvalidRequestError(f"{key} has {len(value)} texts, more than {_MAX_TEXTS}")
    return tuple(_text(key, each) for each in value)


ROUTES = (
    Route(
        name="model_params",
        method="GET",
        path="/params",
        also_at=("/params/{model}",),
        handler=params,
        tag=TAG,
        actions=("params",),
        args=BY_QUERY,
        errors=(404,),
    ),
    Route(
        name="set_params",
        method="POST",
        path="/params",
        also_at=("/params/{model}",),
        handler=set_params,
        tag=TAG,
        args=BY_QUERY,
        body=Body(forms={JSON: OBJECT}),
        errors=(403, 404, 413),
    ),
)
