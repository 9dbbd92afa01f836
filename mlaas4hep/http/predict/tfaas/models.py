"""TFaaS's routes about models: /models /params /delete /status, in the shapes its clients read."""

import os
import resource
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context, who
from mlaas4hep.http.predict.schemas import LIST, MODEL
from mlaas4hep.http.predict.tfaas.forms import read_form
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import JSON, OBJECT
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.registry import address
from mlaas4hep.usecases import models as usecase

_BEST = ("saved_model.pb", "model.tflite")
_TEXTS = {
    "description": "description",
    "labels": "labels",
    "model": "file",
    "op": "op",
    "inputNode": "input_node",
    "input_node": "input_node",
    "outputNode": "output_node",
    "output_node": "output_node",
}  #: key of params.json (TFaaS) → field of the record
_MAX_TEXT, _MAX_DESCRIPTION, _MAX_TEXTS = 256, 10_000, 100
_CHANNELS = ("imgChannels", "ImgChannels", "img_channels")
_KNOWN = {"action", "public", "groups", "name", "timestamp", "options", *_TEXTS, *_CHANNELS}


async def models(context: Context, call: Call) -> Answer:
    """Return one's own models; with `?shared=1` also those that others share."""
    person = who(call)
    shared = call.args.get("shared", "") not in ("", "0", "false")
    found = _visible(await context.listed(None if shared else person.owner), person)
    return json_answer(found or None)  # TFaaS says null where there is none


async def model(context: Context, call: Call) -> Answer:
    """Return one model with its columns, inputs and outputs."""
    served = await context.served(call, call.args.get("model", ""))
    contract = served.contract
    tally = context.tally(served.record.owner, served.record.name)
    return json_answer(
        described(served.record, None)
        | found_in(served)
        | {
            "columns": served.columns,
            "task": contract.task if contract else "other",
            "classes": contract.classes if contract else (),
            "metrics": dict(contract.metrics) if contract else {},
            "branches": _branches(served.transform.schema) if served.transform else {},
            "usage": asdict(tally),
        }
    )


async def params(context: Context, call: Call) -> Answer:
    """Return the params.json of a model, or of the one uploaded last."""
    return json_answer(described(await _found(context, call, call.args.get("model", "")), None))


async def set_params(context: Context, call: Call) -> Answer:
    """Change what is said about one's own model, and with whom it is shared."""
    given = await call.json(MAX_BODY_BYTES)
    unknown = sorted(given.keys() - _KNOWN)
    if unknown:
        raise InvalidRequestError(
            f"params have no {unknown[0]!r}", hint=nearest(unknown[0], _KNOWN)
        )
    record = await _own(context, call, call.args.get("model") or str(given.get("name") or ""))
    changed = with_params(record, given)
    await context.batcher.for_owner(record.owner, partial(_announce, context, record, changed))
    context.changed(record.owner, record.name)
    return json_answer(described(changed, None))


async def delete(context: Context, call: Call) -> Answer:
    """Delete one's own model: at once for predictions, then its files."""
    name = call.args.get("model") or (await read_form(call, MAX_BODY_BYTES)).texts.get("model", "")
    record = await _own(context, call, name)
    await context.batcher.in_thread(partial(usecase.delete, record, context.services))
    context.changed(record.owner, record.name)
    return json_answer({"deleted": record.name})


async def status(context: Context, call: Call) -> Answer:
    """Return how the process is, in TFaaS's words, and what one's models were used for."""
    used = {
        name: asdict(tally)
        for (owner, name), tally in context.tallies.items()
        if owner == who(call).owner
    }
    total, free = (os.sysconf(f"SC_{pages}") for pages in ("PHYS_PAGES", "AVPHYS_PAGES"))
    page = os.sysconf("SC_PAGE_SIZE")
    virtual = {"total": total * page, "free": free * page, "used": (total - free) * page}
    return json_answer(
        {
            "Uptime": time.monotonic() - context.started_at,
            "Load": dict(zip(("load1", "load5", "load15"), os.getloadavg(), strict=True)),
            "Memory": {"Virtual": virtual | {"usedPercent": 100 * (1 - free / total)}},
            "getRequests": context.calls["GET"],
            "postRequests": context.calls["POST"],
            "process": {
                "threads": threading.active_count(),
                "memory_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            },
            "models": used,
        }
    )


def _announce(context: Context, record: ModelRecord, changed: ModelRecord) -> None:
    """Store a changed record; one that is served in another way is tried out before."""
    if _way(record) != _way(changed):
        context.registry.try_out(changed)
    context.services.models.put(keys.model(record.owner, record.name), wire.dump(changed))


def _way(record: ModelRecord) -> tuple[str, str, str]:
    return record.file, record.input_node, record.output_node


async def _found(context: Context, call: Call, name: str) -> ModelRecord:
    person = who(call)
    owner, name = address(person, name) if name else await context.newest(person)
    record: ModelRecord = await context.batcher.in_thread(
        partial(usecase.find, person, name, context.services, owner)
    )
    return record


async def _own(context: Context, call: Call, name: str) -> ModelRecord:
    if not name:
        raise InvalidRequestError("the request names no model", hint="form field `model`, or path")
    record = await _found(context, call, name)
    if record.owner != who(call).owner:
        raise ForbiddenError(f"model {name!r} belongs to somebody else")
    return record


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
    for key in _CHANNELS:
        if isinstance(given.get(key), int):
            changes["img_channels"] = given[key]
    if "public" in given:
        if not isinstance(given["public"], bool):
            raise InvalidRequestError(f"public is {given['public']!r}, not true or false")
        changes["public"] = given["public"]
    return replace(record, **changes)


def described(record: ModelRecord, modified_at: float | None) -> dict[str, Any]:
    """Return a model as TFaaS lists it, in both spellings, and what we know beside it."""
    found = record.file or next((file for file in _BEST if file in record.files), "")
    listing: dict[str, Any] = {
        "name": record.name,
        "model": found,
        "labels": record.labels,
        "op": record.op,
        "imgChannels": record.img_channels,
        "options": record.options,
        "inputNode": record.input_node,
        "outputNode": record.output_node,
        "input_node": record.input_node,
        "output_node": record.output_node,
        "description": record.description,
        "owner": record.owner,
        "version": record.version,
        "files": record.files,
        "public": record.public,
        "groups": record.groups,
    }
    if modified_at is not None:
        listing["timestamp"] = datetime.fromtimestamp(modified_at, UTC).isoformat()
    return listing


def found_in(served: LoadedModel) -> dict[str, Any]:
    """Return what loading a model has found: what runs it, what it takes and gives."""
    runtime = served.runtime
    return {
        "platform": runtime.platform,
        "inputs": [asdict(each) for each in runtime.inputs],
        "outputs": [asdict(each) for each in runtime.outputs],
        "signatures": list(runtime.signatures),
        "isBounded": runtime.prompt_rows > 0,
    }


def _visible(found: list[tuple[ModelRecord, float]], person: Person) -> list[dict[str, Any]]:
    mine, others = [], []
    for record, modified_at in found:
        if record.owner == person.owner:
            mine.append(described(record, modified_at))
        elif usecase.may_read(person, record):
            name = f"{record.owner}/{record.name}"
            others.append(described(record, modified_at) | {"name": name})
    return mine + others


def _branches(schema: Any) -> dict[str, list[str]]:
    return {
        kind: sorted(getattr(schema, kind)) for kind in ("flat", "jagged", "either", "identifiers")
    }


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


_TAG = "TFaaS"
_BY_QUERY = (replace(MODEL, required=False),)
ROUTES = (
    Route(
        name="served_models",
        method="GET",
        path="/models",
        handler=models,
        tag=_TAG,
        actions=("models",),
        args=(Arg(name="shared", about="1: also those that others share."),),
        gives=LIST,
    ),
    Route(
        name="served_model",
        method="GET",
        path="/models/{model}",
        handler=model,
        tag=_TAG,
        actions=("model",),
        args=(MODEL,),
        errors=(404,),
    ),
    Route(
        name="model_params",
        method="GET",
        path="/params",
        also_at=("/params/{model}",),
        handler=params,
        tag=_TAG,
        actions=("params",),
        args=_BY_QUERY,
        errors=(404,),
    ),
    Route(
        name="set_params",
        method="POST",
        path="/params",
        also_at=("/params/{model}",),
        handler=set_params,
        tag=_TAG,
        args=_BY_QUERY,
        body=Body(forms={JSON: OBJECT}),
        errors=(403, 404, 413),
    ),
    Route(
        name="delete_served_model",
        method="DELETE",
        path="/delete",
        also_at=("/delete/{model}", "/models/{model}"),
        handler=delete,
        tag=_TAG,
        actions=("delete",),
        args=_BY_QUERY,
        errors=(403, 404),
    ),
    Route(name="status", method="GET", path="/status", handler=status, tag=_TAG),
)
