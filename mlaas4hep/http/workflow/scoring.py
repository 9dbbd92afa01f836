"""Scoring files with a trained model: asked for, and fetched."""

from contextlib import suppress
from typing import Any, cast, get_args

import flask

from mlaas4hep.core.jsontext import refuse_unknown
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.scoring import Format, ScoringRequest
from mlaas4hep.core.requests.inputs import sources
from mlaas4hep.core.requests.parse import parse_files
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ConflictError, InvalidRequestError, NotFoundError
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import ELSEWHERE, FILE, JSON, NAME, Schema, ref
from mlaas4hep.http.workflow.call import Call, answer, download
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.models import THROUGH
from mlaas4hep.http.workflow.runs.runs import RUN, find_run, full_report
from mlaas4hep.http.workflow.runs.submissions import in_turn
from mlaas4hep.http.workflow.runs.turns import KEY
from mlaas4hep.pipeline import scoringplan
from mlaas4hep.usecases import downloads, models, runs, submit, uploads

FORMATS: tuple[str, ...] = get_args(Format)
_KEYS = ("model", "owner", "files", "tree", "upload", "format", "title", "action")
_MAX_TITLE = 256


def score(context: Context, call: Call) -> flask.Response:
    """Let a model score ROOT files; the answer is the run that does it."""
    body = call.json()
    refuse_unknown(body, _KEYS, "the request")
    name = _text(body, "model")
    record = models.find(call.person, name, context.services, _text(body, "owner", ""))
    scoringplan.load_contract(record, context.services)
    upload = None
    if body.get("upload"):
        upload = uploads.load(call.person.owner, _text(body, "upload"), context.services)
    request = ScoringRequest(
        owner=call.person.owner,
        run="",
        folder=f"{record.name}_score",
        model_owner=record.owner,
        model=record.name,
        version=record.version,
        files=_files(body, record, upload, context),
        format=_format(body),
        title=_text(body, "title", "")[:_MAX_TITLE],
        upload_folder=upload.folder if upload else "",
        upload=upload.sha256 if upload else "",
    )
    run = in_turn(
        context, call, lambda: submit.submit_scoring(request, context.services, context.limits)
    )
    return answer(full_report(run, context), 201)


def fetch_scores(context: Context, call: Call) -> flask.Response:
    """Return the table of a scoring."""
    run = find_run(context, call)
    if run.task != "scoring":
        raise ConflictError(f"run {run.name!r} is a training", hint="GET /models/NAME/bundle")
    if run.status is not Status.DONE:
        raise ConflictError(f"run {run.name!r} is {run.status}", hint="wait until it is done")
    suffix = run.scores.rpartition(".")[2]
    found = downloads.scores(run, context.services, call.flag("through"))
    return download(found, f"{run.name}.{suffix}", "application/octet-stream")


def _files(
    body: dict[str, Any], record: ModelRecord, upload: Upload | None, context: Context
) -> tuple[InputFile, ...]:
    names = body.get("files", "")
    if isinstance(names, list) and all(isinstance(name, str) for name in names):
        names = "\n".join(names)
    if not isinstance(names, str):
        raise InvalidRequestError("`files` is not a list of names", stage="submit")
    tree = _text(body, "tree", "") or _tree_of(record, context)
    find = context.services.source.find
    return parse_files(
        names,
        Params(branch=tree),
        lambda name: sources.resolve(name, upload, context.limits),
        sources.expander(upload, context.limits, find),
    )


def _tree_of(record: ModelRecord, context: Context) -> str:
    """Return the tree that the model was trained on, as long as its run is remembered."""
    with suppress(NotFoundError):
        run = context.services.runs.get(record.owner, record.name)
        request = runs.request_of(run, context.services)
        if isinstance(request, Request):
            return request.params.branch
    return Params().branch


def _format(body: dict[str, Any]) -> Format:
    wanted = body.get("format", "parquet")
    if wanted not in FORMATS:
        raise InvalidRequestError(
            f"format is {wanted!r}", stage="submit", hint=f"one of {', '.join(FORMATS)}"
        )
    return cast(Format, wanted)


def _text(body: dict[str, Any], key: str, default: str | None = None) -> str:
    value = body.get(key, default)
    if not isinstance(value, str) or (default is None and not value):
        raise InvalidRequestError(f"{key} is {value!r}, not a name", stage="submit")
    return value


_SCORING: Schema = {
    "type": "object",
    "additionalProperties": False,
    "required": ["model", "files"],
    "properties": {
        "model": {**NAME, "description": "One that was trained here."},
        "owner": {"type": "string", "description": "Whose it is, if it is shared with you."},
        "files": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "string"},
            "description": "root://, https://, /store/…, or names in `upload`; with `:tree`.",
        },
        "tree": {"type": "string", "description": "The one of the training, if not given."},
        "upload": {"type": "string", "description": "The tarball that holds files."},
        "format": {"enum": list(FORMATS), "default": "parquet"},
        "title": {"type": "string", "maxLength": 256},
    },
}
ROUTES = (
    Route(
        name="score",
        method="POST",
        path="/score",
        handler=score,
        tag="runs",
        args=(KEY,),
        body=Body(forms={JSON: ref("Scoring")}, schemas={"Scoring": _SCORING}),
        gives=Report,
        status=201,
        errors=(403, 404, 409, 413, 429),
    ),
    Route(
        name="fetch_scores",
        method="GET",
        path="/runs/{name}/scores",
        handler=fetch_scores,
        tag="runs",
        args=(RUN, THROUGH),
        gives=FILE,
        also_gives={307: ELSEWHERE},
        media="application/octet-stream",
        errors=(404, 409),
    ),
)
