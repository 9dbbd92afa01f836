"""What each operation of `workflow` takes and gives, for openapi.yaml and for those who read it."""

from mlaas4hep.core.models.dryrun import Outlook
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.log import STAGES
from mlaas4hep.core.runs.run import Status
from mlaas4hep.core.runs.views import (
    Deleted,
    DirectUpload,
    Model,
    RunPage,
    Started,
    StoredSpecs,
    Tarball,
    Usage,
)
from mlaas4hep.http.openapi.describing import (
    FILE,
    FLAG,
    FOLDER,
    JSON,
    MANIFEST,
    NAME,
    OBJECT,
    TEXT,
    Arg,
    Body,
    Operation,
    Schema,
    ref,
)


def _name(about: str, schema: Schema = NAME, name: str = "name", where: str = "path") -> Arg:
    return Arg(name=name, about=about, schema=schema, required=True, where=where)


_TARBALL = Body(
    forms={
        "multipart/form-data": {
            "type": "object",
            "required": ["file"],
            "properties": {"file": FILE},
        },
        "application/gzip": FILE,
    }
)
_SUBMISSION = Body(forms={JSON: {"anyOf": [ref("Submission"), ref("Manifest")]}})
_PROCESS = _name("Name of the run.", name="process_name", where="query")
_UPLOADED = _name("Name of the upload.", FOLDER, where="query")
_RUN = _name("Name of the run.")
_MODEL = _name("Name of the model.")
_OWNER = Arg(name="owner", about="Whose it is, if it is shared with you.", schema=NAME)
_DRY = Arg(name="dry_run", about="Only say what would happen.", schema=FLAG)
_STAGE = Arg(name="stage", about="Only this part.", schema={"enum": list(STAGES)})
_SORTS = ["created_at", "updated_at", "name", "status", "seconds"]
_STATUS_DOCKER: Schema = {
    "type": "object",
    "required": ["process_name", "status", "job_id", "run"],
    "properties": {
        "process_name": TEXT,
        "status": {"type": "string", "examples": ["Up 8 seconds", "Exited (0) 5 seconds ago"]},
        "job_id": {"type": "integer"},
        "run": ref("Report"),
    },
}
_STARTED: Schema = {"anyOf": [ref("Started"), ref("Outlook")]}


def _bundle(tag: str, *args: Arg) -> Operation:
    return Operation(gives=FILE, media="application/gzip", tag=tag, args=args, errors=(404,))


def _text(tag: str, *args: Arg, errors: tuple[int, ...] = (404,)) -> Operation:
    return Operation(gives=TEXT, media="text/plain", tag=tag, args=args, errors=errors)


KINDS = (
    *(Report, Outlook, RunPage, Started, Deleted, Usage, Model, Tarball, DirectUpload),
    *(tuple[Model, ...], tuple[Tarball, ...], tuple[StoredSpecs, ...]),
)
OPERATIONS: dict[str, Operation] = {
    "hello": _text("ancestor", errors=()),
    "upload": Operation(
        gives=TEXT,
        media="text/plain",
        tag="ancestor",
        args=(_UPLOADED,),
        body=_TARBALL,
        errors=(413, 429),
    ),
    "submit": Operation(
        gives=_STARTED,
        tag="ancestor",
        args=(_DRY,),
        body=_SUBMISSION,
        errors=(403, 404, 409, 413, 422, 429),
    ),
    "status_docker": Operation(
        gives=_STATUS_DOCKER, tag="ancestor", args=(_PROCESS,), errors=(404,)
    ),
    "logs": _text("ancestor", _PROCESS, _STAGE),
    "model": _bundle("ancestor", _PROCESS, _OWNER),
    "delete_specs": _text("ancestor", _UPLOADED, errors=(404, 409)),
    "delete_folder": _text("ancestor", _UPLOADED, errors=(404, 409)),
    "setup_tfaas": _text(
        "ancestor", Arg(name="process_name", about="A model to be served.", schema=NAME)
    ),
    "list_runs": Operation(
        gives=RunPage,
        tag="runs",
        args=(
            Arg(
                name="status",
                about="One or several, with commas.",
                schema={"enum": [status.value for status in Status]},
            ),
            Arg(name="folder", about="Only those of one upload.", schema=FOLDER),
            Arg(name="q", about="Only those with this in name or title."),
            Arg(
                name="sort",
                about="A - before it turns the order round.",
                schema={"enum": [*_SORTS, *(f"-{sort}" for sort in _SORTS)]},
            ),
            Arg(
                name="offset",
                about="How many to skip.",
                schema={"type": "integer", "minimum": 0, "maximum": 10**8, "default": 0},
            ),
            Arg(
                name="limit",
                about="How many to return.",
                schema={"type": "integer", "minimum": 0, "maximum": 500, "default": 50},
            ),
            Arg(name="all", about="Of everybody, for admins.", schema=FLAG),
        ),
    ),
    "create_run": Operation(
        gives=Report,
        status=201,
        also=((200, "Outlook"),),
        tag="runs",
        args=(_DRY,),
        body=_SUBMISSION,
        errors=(403, 404, 409, 413, 422, 429),
    ),
    "show_run": Operation(
        gives=Report,
        tag="runs",
        args=(
            _RUN,
            Arg(
                name="wait",
                about="Answer at the next change, or after so many seconds.",
                schema={"type": "integer", "minimum": 0, "maximum": 60},
            ),
            Arg(name="seen", about="The `mark` of the run as you know it."),
        ),
        errors=(404,),
    ),
    "delete_run": Operation(gives=Deleted, tag="runs", args=(_RUN,), errors=(404, 409)),
    "watch_run": Operation(
        gives=TEXT, media="text/event-stream", tag="runs", args=(_RUN,), errors=(404,)
    ),
    "run_logs": _text("runs", _RUN, _STAGE),
    "cancel_run": Operation(gives=Report, tag="runs", args=(_RUN,), errors=(404, 409)),
    "restart_run": Operation(gives=Report, tag="runs", args=(_RUN,), errors=(404, 409)),
    "show_manifest": Operation(gives=MANIFEST, tag="runs", args=(_RUN,), errors=(404,)),
    "compare_runs": Operation(
        gives=OBJECT,
        tag="runs",
        args=(_RUN, _name("The other run.", name="other", where="query")),
        errors=(404,),
    ),
    "score": Operation(
        gives=Report,
        status=201,
        tag="runs",
        body=Body(forms={JSON: ref("Scoring")}),
        errors=(403, 404, 409, 413, 429),
    ),
    "fetch_scores": Operation(
        gives=FILE, media="application/octet-stream", tag="runs", args=(_RUN,), errors=(404, 409)
    ),
    "list_tarballs": Operation(gives=tuple[Tarball, ...], tag="tarballs"),
    "show_tarball": Operation(
        gives=Tarball, tag="tarballs", args=(_name("Of the upload.", FOLDER),), errors=(404,)
    ),
    "put_tarball": Operation(
        gives=Tarball,
        status=201,
        tag="tarballs",
        args=(_name("Of the upload.", FOLDER),),
        body=_TARBALL,
        errors=(413, 429),
    ),
    "offer_upload": Operation(
        gives=DirectUpload,
        tag="tarballs",
        args=(_name("Of the upload.", FOLDER),),
        errors=(409, 429),
    ),
    "take_upload": Operation(
        gives=Tarball,
        status=201,
        tag="tarballs",
        args=(_name("Of the upload.", FOLDER), _name("From the form.", name="upload_id")),
        errors=(404, 413, 429),
    ),
    "delete_tarball": Operation(
        gives=Deleted, tag="tarballs", args=(_name("Of the upload.", FOLDER),), errors=(404, 409)
    ),
    "list_models": Operation(gives=tuple[Model, ...], tag="models"),
    "show_model": Operation(gives=Model, tag="models", args=(_MODEL, _OWNER), errors=(404,)),
    "fetch_model": _bundle("models", _MODEL, _OWNER),
    "share_model": Operation(
        gives=Model,
        tag="models",
        args=(_MODEL,),
        body=Body(forms={JSON: ref("Sharing")}),
        errors=(403, 404, 413),
    ),
    "delete_model": Operation(gives=Deleted, tag="models", args=(_MODEL,), errors=(403, 404)),
    "list_specs": Operation(gives=tuple[StoredSpecs, ...], tag="specs"),
    "delete_cache": Operation(gives=Deleted, tag="specs", errors=(409,)),
    "show_usage": Operation(gives=Usage, tag="me"),
}
