"""Models over HTTP: listed, fetched, shared, deleted; predictions are function predict's."""

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.sharing import checked_groups
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import Deleted, Model
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import ELSEWHERE, FILE, FLAG, JSON, NAME, Schema, ref, whole
from mlaas4hep.http.workflow.call import Call, answer, download
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import downloads, models

_MOST = 10**6


def list_models(context: Context, call: Call) -> flask.Response:
    """Return the models that the person may use, their own first, or one page of them."""
    dated = dict(context.models.everybody())
    found = models.visible(call.person, dated)
    offset = call.whole("offset", 0, _MOST)
    page = found[offset : offset + call.whole("limit", _MOST, _MOST)]
    response = answer([view(record, call, dated[record]) for record in page])
    response.headers["X-Total-Count"] = str(len(found))
    return response


def show_model(context: Context, call: Call) -> flask.Response:
    """Return one model."""
    record = find_model(context, call)
    info = context.services.models.info(keys.model(record.owner, record.name))
    return answer(view(record, call, info.modified_at if info else None))


def fetch_model(context: Context, call: Call) -> flask.Response:
    """Return the bundle of a model as a tarball."""
    record = find_model(context, call)
    found = downloads.bundle(record, context.services, call.flag("through"))
    return download(found, f"{record.name}.tar.gz", "application/gzip")


def share_model(context: Context, call: Call) -> flask.Response:
    """Say who else may use a model."""
    record = own_model(context, call)
    wanted = call.json()
    unknown = sorted(wanted.keys() - {"public", "groups", "action", "name"})
    public, groups = wanted.get("public", False), wanted.get("groups", [])
    if unknown or not isinstance(public, bool) or not _are_texts(groups):
        raise InvalidRequestError(
            "the body does not say how to share",
            hint='it looks like {"public": false, "groups": ["physics"]}',
        )
    shared = models.share(record, public, checked_groups(groups), context.services)
    return answer(view(shared, call))


def delete_model(context: Context, call: Call) -> flask.Response:
    """Delete a model; from now on it is not served any more."""
    record = own_model(context, call)
    models.delete(record, context.services)
    return answer(Deleted(deleted=record.name))


def view(record: ModelRecord, call: Call, changed_at: float | None = None) -> Model:
    """Return a model as its reader sees it."""
    return Model(
        name=record.name,
        owner=record.owner,
        mine=record.owner == call.person.owner,
        version=record.version,
        changed_at="" if changed_at is None else clock_time(changed_at),
        framework=record.framework,
        learned=record.task,
        metrics=dict(record.metrics),
        description=record.description,
        public=record.public,
        groups=record.groups,
        files=record.files,
        not_made=record.not_made,
    )


def find_model(context: Context, call: Call) -> ModelRecord:
    """Return the model that a call is about."""
    name = call.arg("name", "process_name")
    return models.find(call.person, name, context.services, call.args.get("owner", ""))


def own_model(context: Context, call: Call) -> ModelRecord:
    """Return the model that a call is about, if the person may change it."""
    record = find_model(context, call)
    if record.owner != call.person.owner:
        raise ForbiddenError(f"model {record.name!r} belongs to somebody else")
    return record


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


MODEL = Arg(
    name="name",
    about="Name of the model.",
    schema=NAME,
    required=True,
    aliases=("process_name", "model"),
)
OWNER = Arg(name="owner", about="Whose it is, if it is shared with you.", schema=NAME)
THROUGH = Arg(
    name="through",
    about="Send a large file through the function, instead of saying where in the store it is.",
    schema=FLAG,
)
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
        args=(MODEL, OWNER),
        gives=Model,
        errors=(404,),
    ),
    Route(
        name="fetch_model",
        method="GET",
        path="/models/{name}/bundle",
        handler=fetch_model,
        tag="models",
        args=(MODEL, OWNER, THROUGH),
        gives=FILE,
        also_gives={307: ELSEWHERE},
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
        args=(MODEL, OWNER),
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
        args=(MODEL, OWNER),
        gives=Deleted,
        errors=(403, 404),
    ),
)
