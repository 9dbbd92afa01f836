"""The routes of MLaaS4HEP_server, with its texts, for clients that are not to be changed."""

from dataclasses import replace

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.runs.dockerstatus import docker_status
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import Started
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import FILE, FOLDER, TEXT, Schema, ref
from mlaas4hep.http.workflow.call import Call, Handler, answer, text
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.models import OWNER, THROUGH, fetch_model
from mlaas4hep.http.workflow.runs.runs import RUN, STAGE, find_run, full_report, logs
from mlaas4hep.http.workflow.runs.submissions import (
    DRY_RUN,
    ERRORS,
    STARTED,
    SUBMISSION,
    dry_run,
    make_run,
)
from mlaas4hep.http.workflow.runs.turns import KEY
from mlaas4hep.http.workflow.tarballs import FORM, UPLOAD_ERRORS, receive
from mlaas4hep.usecases import models, runs, uploads


def hello(_door: Context, _ask: Call) -> flask.Response:
    """Say hello."""
    return text("Hello World\n")


def upload(context: Context, call: Call) -> flask.Response:
    """Take a tarball."""
    receive(context, call, call.arg("name"))
    return text("Successfully uploaded!\n")


def submit(context: Context, call: Call) -> flask.Response:
    """Make a run of a submission, or only check it."""
    if call.flag("dry_run"):
        return answer(dry_run(context, call))
    run = make_run(context, call)
    return answer(Started(process_name=run.name, job_id=job_id(run)))


def status_docker(context: Context, call: Call) -> flask.Response:
    """Return a run's status in Docker's words, and in ours beside them."""
    run = find_run(context, call)
    return answer(
        {
            "process_name": run.name,
            "status": docker_status(run, context.services.clock()),
            "job_id": job_id(run),
            "run": full_report(run, context),
        }
    )


def delete_specs(context: Context, call: Call) -> flask.Response:
    """Delete what was measured and prepared, so that the next run reads its files again."""
    uploads.load(call.person.owner, call.arg("name"), context.services)
    runs.delete_cache(call.person.owner, context.services)
    return text("Specs deletion completed!\n")


def delete_folder(context: Context, call: Call) -> flask.Response:
    """Delete an upload and its runs."""
    folder = call.arg("name")
    uploads.load(call.person.owner, folder, context.services)
    runs.delete_folder(call.person.owner, folder, context.services)
    return text("Folder deletion completed!\n")


def setup_tfaas(context: Context, call: Call) -> flask.Response:
    """Confirm that predictions can be asked for: every trained model is served by itself."""
    name = call.args.get("process_name") or call.http.form.get("process_name", "")
    if call.body is None and (call.http.files or _is_raw(call.http)):
        raise InvalidRequestError(
            "setup_tfaas takes no file: every trained model is served by itself",
            hint="a model made elsewhere goes to POST /upload of function predict",
        )
    if name:
        models.find(call.person, name, context.services)
    return text("TFaaS setup completed!\n")


def _is_raw(http: flask.Request) -> bool:
    return bool(http.content_length) and not http.form


def job_id(run: Run) -> int:
    """Return a number that stands for the run where the ancestor had a process id."""
    return int(keys.digest(run.owner, run.name)[:7], 16)


_TAG = "ancestor"
_UPLOADED = Arg(
    name="name",
    about="Name of the upload.",
    schema=FOLDER,
    required=True,
    aliases=("process_name",),
)
_PROCESS = replace(RUN, name="process_name", aliases=("name", "run"))
_STATUS: Schema = {
    "type": "object",
    "required": ["process_name", "status", "job_id", "run"],
    "properties": {
        "process_name": TEXT,
        "status": {"type": "string", "examples": ["Up 8 seconds", "Exited (0) 5 seconds ago"]},
        "job_id": {"type": "integer"},
        "run": ref("Report"),
    },
}


def _text_route(
    name: str, handler: Handler, *args: Arg, errors: tuple[int, ...] = (), is_open: bool = False
) -> Route:
    return Route(
        name=name,
        method="GET",
        path=f"/{name}",
        handler=handler,
        tag=_TAG,
        args=args,
        gives=TEXT,
        media="text/plain",
        errors=errors,
        is_open=is_open,
    )


ROUTES = (
    _text_route("hello", hello, is_open=True),
    Route(
        name="upload",
        method="POST",
        path="/upload",
        handler=upload,
        tag=_TAG,
        args=(_UPLOADED,),
        body=FORM,
        gives=TEXT,
        media="text/plain",
        errors=UPLOAD_ERRORS,
    ),
    Route(
        name="submit",
        method="POST",
        path="/submit",
        handler=submit,
        tag=_TAG,
        args=(DRY_RUN, KEY),
        body=SUBMISSION,
        gives=STARTED,
        errors=ERRORS,
    ),
    Route(
        name="status_docker",
        method="GET",
        path="/status_docker",
        handler=status_docker,
        tag=_TAG,
        args=(_PROCESS,),
        gives=_STATUS,
        errors=(404,),
    ),
    _text_route("logs", logs, _PROCESS, STAGE, errors=(404,)),
    Route(
        name="model",
        method="GET",
        path="/model",
        handler=fetch_model,
        tag=_TAG,
        args=(
            replace(_PROCESS, about="Name of the model.", aliases=("name", "model")),
            OWNER,
            THROUGH,
        ),
        gives=FILE,
        media="application/gzip",
        errors=(404,),
    ),
    replace(
        _text_route("delete_specs", delete_specs, _UPLOADED, errors=(404, 409)), changes_by_get=True
    ),
    replace(
        _text_route("delete_folder", delete_folder, _UPLOADED, errors=(404, 409)),
        changes_by_get=True,
    ),
    replace(
        _text_route(
            "setup_tfaas",
            setup_tfaas,
            replace(
                _PROCESS, about="A model to be served.", required=False, aliases=("name", "model")
            ),
            errors=(404,),
        ),
        method="POST",
    ),
)
