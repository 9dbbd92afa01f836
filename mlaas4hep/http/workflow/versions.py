"""Versions of models over HTTP: promoted, listed, named, served again, described."""

from typing import Any

import flask

from mlaas4hep.core.jsontext import refuse_unknown
from mlaas4hep.core.models.registry import ModelCard, ModelVersion, markdown
from mlaas4hep.core.runs.views import Model
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.route import ACTION, Arg, Body, Route
from mlaas4hep.http.schemas import JSON, NAME, TEXT, Schema, ref
from mlaas4hep.http.workflow.call import Call, answer, attachment
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.models import MODEL, OWNER, find_model, own_model, view
from mlaas4hep.usecases import models, versions


def list_versions(context: Context, call: Call) -> flask.Response:
    """Return the versions of a model that are kept, the newest first."""
    return answer(versions.versions(find_model(context, call), context.services))


def promote_model(context: Context, call: Call) -> flask.Response:
    """Serve a trained model under another name, as its newest version."""
    source = models.find(call.person, _source(call), context.services)
    name = call.arg("name")
    promoted = models.promoted(
        call.person.owner, source.name, name, context.services, context.limits
    )
    return answer(view(promoted, call), 201)


def serve_version(context: Context, call: Call) -> flask.Response:
    """Serve a version that is kept from now on: back to an earlier one, or forward."""
    served = versions.serve(own_model(context, call), call.arg("version"), context.services)
    return answer(view(served, call))


def roll_back(context: Context, call: Call) -> flask.Response:
    """Serve the version again that was served before the one that is."""
    if call.http.content_length:  # a version in it would mean something else
        _sent(call)
    served = versions.roll_back(own_model(context, call), context.services)
    return answer(view(served, call))


def move_alias(context: Context, call: Call) -> flask.Response:
    """Let an alias mean a version; without a version it means nothing any more."""
    record, sent = own_model(context, call), _sent(call, "version", "expected")
    version, expected = sent.get("version", ""), sent.get("expected")
    for key, value in (("version", version), ("expected", expected or "")):
        if not isinstance(value, str):
            raise InvalidRequestError(f"{key} is {value!r}, not a name")
    versions.move_alias(record, call.arg("alias"), version, context.services, expected)
    return answer(versions.versions(record, context.services))


def show_card(context: Context, call: Call) -> flask.Response:
    """Return what somebody should know before they use a version of a model."""
    return answer(_card(context, call))


def fetch_card(context: Context, call: Call) -> flask.Response:
    """Return the card of a version as Markdown."""
    card = _card(context, call)
    return attachment(markdown(card), f"{card.model}.md", "text/markdown; charset=utf-8")


def _card(context: Context, call: Call) -> ModelCard:
    record = find_model(context, call)
    return versions.card(record, call.args.get("version", ""), context.services)


def _source(call: Call) -> str:
    value = _sent(call, "from").get("from")
    if not isinstance(value, str) or not value:
        raise InvalidRequestError(f"from is {value!r}, not the name of a model")
    return value


def _sent(call: Call, *keys: str) -> dict[str, Any]:
    """Return the object in the body; besides these keys it may have what a path says, and the action."""
    sent = call.json()
    elsewhere = (ACTION, *(name for arg in (MODEL, _ALIAS) for name in (arg.name, *arg.aliases)))
    refuse_unknown(sent, (*keys, *elsewhere), "the body")
    return sent


_VERSION = Arg(name="version", about="Or an alias of it.", schema=NAME, required=True)
_ANY_VERSION = Arg(name="version", about="Or an alias; the one that is served.", schema=NAME)
_ALIAS = Arg(name="alias", about="Such as production.", schema=NAME, required=True)
_PROMOTION: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["from"],
    "properties": {"from": {**NAME, "description": "Name of a trained model of yours."}},
}
_ALIASED: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "version": {"type": "string", "description": "Or another alias; empty: none."},
        "expected": {
            "type": "string",
            "description": "The version that it must mean until then; empty: none.",
        },
    },
}
ROUTES = (
    Route(
        name="list_versions",
        method="GET",
        path="/models/{name}/versions",
        handler=list_versions,
        tag="models",
        args=(MODEL, OWNER),
        gives=tuple[ModelVersion, ...],
        errors=(404,),
    ),
    Route(
        name="promote_model",
        method="POST",
        path="/models/{name}/versions",
        handler=promote_model,
        tag="models",
        args=(MODEL,),
        body=Body(forms={JSON: ref("Promotion")}, schemas={"Promotion": _PROMOTION}),
        gives=Model,
        status=201,
        errors=(404, 409, 413, 429),
    ),
    Route(
        name="serve_version",
        method="POST",
        path="/models/{name}/versions/{version}/serve",
        handler=serve_version,
        tag="models",
        args=(MODEL, _VERSION),
        gives=Model,
        errors=(403, 404, 409),
    ),
    Route(
        name="roll_back",
        method="POST",
        path="/models/{name}/rollback",
        handler=roll_back,
        tag="models",
        args=(MODEL,),
        gives=Model,
        errors=(403, 404, 409),
    ),
    Route(
        name="move_alias",
        method="PUT",
        path="/models/{name}/aliases/{alias}",
        handler=move_alias,
        tag="models",
        args=(MODEL, _ALIAS),
        body=Body(forms={JSON: ref("Aliased")}, schemas={"Aliased": _ALIASED}),
        gives=tuple[ModelVersion, ...],
        errors=(403, 404, 409, 413),
    ),
    Route(
        name="show_card",
        method="GET",
        path="/models/{name}/card",
        handler=show_card,
        tag="models",
        args=(MODEL, OWNER, _ANY_VERSION),
        gives=ModelCard,
        errors=(404,),
    ),
    Route(
        name="fetch_card",
        method="GET",
        path="/models/{name}/card.md",
        handler=fetch_card,
        tag="models",
        args=(MODEL, OWNER, _ANY_VERSION),
        gives=TEXT,
        media="text/markdown",
        errors=(404,),
    ),
)
