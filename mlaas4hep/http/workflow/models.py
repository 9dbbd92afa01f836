"""Models over HTTP: listed, fetched, shared, deleted; predictions are function predict's."""

import flask

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.views import Deleted, Model
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FILE, JSON, NAME, Schema, ref, whole
from mlaas4hep.http.workflow.bundles import pack
from mlaas4hep.http.workflow.call import Ask, Door, answer, attachment
from mlaas4hep.usecases import models

_MOST = 10**6


def list_models(door: Door, ask: Ask) -> flask.Response:
    """Return the models that the person may use, their own first, or one page of them."""
    found = models.visible(ask.person, door.services, door.records.read)
    offset = ask.whole("offset", 0, _MOST)
    page = found[offset : offset + ask.whole("limit", _MOST, _MOST)]
    response = answer([_model(record, ask) for record in page])
    response.headers["X-Total-Count"] = str(len(found))
    return response


def show_model(door: Door, ask: Ask) -> flask.Response:
    """Return one model."""
    return answer(_model(_find_model(door, ask), ask))


def fetch_model(door: Door, ask: Ask) -> flask.Response:
    """Return the bundle of a model as a tarball."""
    record = _find_model(door, ask)
    packed = pack(record, door.services.models)
    return attachment(packed, f"{record.name}.tar.gz", "application/gzip")


def share_model(door: Door, ask: Ask) -> flask.Response:
    """Say who else may use a model."""
    record = _own_model(door, ask)
    wanted = ask.json()
    unknown = sorted(wanted.keys() - {"public", "groups", "action", "name"})
    public, groups = wanted.get("public", False), wanted.get("groups", [])
    if unknown or not isinstance(public, bool) or not _are_texts(groups):
        raise InvalidRequestError(
            "the body does not say how to share",
            hint='it looks like {"public": false, "groups": ["physics"]}',
        )
    return answer(_model(models.share(record, public, tuple(groups), door.services), ask))


def delete_model(door: Door, ask: Ask) -> flask.Response:
    """Delete a model; from now on it is not served any more."""
    record = _own_model(door, ask)
    models.delete(record, door.services)
    return answer(Deleted(deleted=record.name))


def _model(record: ModelRecord, ask: Ask) -> Model:
    return Model(
        name=record.name,
        owner=record.owner,
        mine=record.owner == ask.person.owner,
        version=record.version,
        description=record.description,
        public=record.public,
        groups=record.groups,
        files=record.files,
    )


def _find_model(door: Door, ask: Ask) -> ModelRecord:
    name = ask.arg("name", "process_name")
    return models.find(ask.person, name, door.services, ask.args.get("owner", ""))


def _own_model(door: Door, ask: Ask) -> ModelRecord:
    record = _find_model(door, ask)
    if record.owner != ask.person.owner:
        raise ForbiddenError(f"model {record.name!r} belongs to somebody else")
    return record


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


_MODEL = Arg(
    name="name",
    about="Name of the model.",
    schema=NAME,
    required=True,
    aliases=("process_name", "model"),
)
OWNER = Arg(name="owner", about="Whose it is, if it is shared with you.", schema=NAME)
_SHARING: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "public": {"type": "boolean", "default": False},
        "groups": {"type": "array", "items": {"type": "string"}, "default": []},
    },
}
ROUTES = (
    Route(
        name="list_models",
        method="GET",
        path="/models",
        handler=list_models,
        tag="models",
        actions=("models",),
        args=(
            Arg(name="offset", about="How many to skip.", schema=whole(_MOST, 0)),
            Arg(name="limit", about="How many to return.", schema=whole(_MOST)),
        ),
        gives=tuple[Model, ...],
    ),
    Route(
        name="show_model",
        method="GET",
        path="/models/{name}",
        handler=show_model,
        tag="models",
        args=(_MODEL, OWNER),
        gives=Model,
        errors=(404,),
    ),
    Route(
        name="fetch_model",
        method="GET",
        path="/models/{name}/bundle",
        handler=fetch_model,
        tag="models",
        args=(_MODEL, OWNER),
        gives=FILE,
        media="application/gzip",
        errors=(404,),
    ),
    Route(
        name="share_model",
        method="PUT",
        path="/models/{name}/sharing",
        handler=share_model,
        tag="models",
        actions=("share",),
        args=(_MODEL, OWNER),
        body=Body(forms={JSON: ref("Sharing")}, schemas={"Sharing": _SHARING}),
        gives=Model,
        errors=(403, 404, 413),
    ),
    Route(
        name="delete_model",
        method="DELETE",
        path="/models/{name}",
        handler=delete_model,
        tag="models",
        args=(_MODEL, OWNER),
        gives=Deleted,
        errors=(403, 404),
    ),
)
