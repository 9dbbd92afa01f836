"""Submissions over HTTP: a run is made of one, or only foretold."""

import json
from collections.abc import Callable
from typing import Any

import flask

from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.requests.parse import parse_submission
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import Started
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FLAG, FOLDER, JSON, OBJECT, Schema, ref
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.runs import full_report
from mlaas4hep.http.workflow.runs.turns import HEADER, KEY, once
from mlaas4hep.usecases import submit, uploads
from mlaas4hep.usecases.dryruns import dryrun

_NOT_OF_IT = ("action", "dry_run")  #: keys of a body that are for the door


def create_run(context: Context, call: Call) -> flask.Response:
    """Make a run of a submission."""
    if call.flag("dry_run"):
        return answer(dry_run(context, call))
    return answer(full_report(make_run(context, call), context), 201)


def make_run(context: Context, call: Call) -> Run:
    """Make a run of the submission in the body."""
    checked = prepared(context, call)
    return in_turn(context, call, lambda: submit.submit(checked, context.services, context.limits))


def in_turn(context: Context, call: Call, make: Callable[[], Run]) -> Run:
    """Make a run when the person's other submissions are done, unless the same call made it."""
    owner, body = call.person.owner, json.dumps(call.json(), sort_keys=True).encode()
    with context.turns.of(owner):
        return once(make, owner, call.http.headers.get(HEADER), body, context.services)


def dry_run(context: Context, call: Call) -> DryRun:
    """Return what a run of the submission in the body would do."""
    return dryrun.dry_run(prepared(context, call), context.services, context.limits)


def prepared(
    context: Context, call: Call, beside: tuple[str, ...] = ()
) -> submit.CheckedSubmission:
    """Return the submission in the body with everything it names, checked.

    Args:
        beside: keys of the body that are not of the submission.
    """
    given = {key: value for key, value in call.json().items() if key not in (*_NOT_OF_IT, *beside)}
    sha256 = ""
    if "submission" in given and "tarball" in given:  # a manifest
        given, sha256 = _unpack_manifest(given)
    submission = parse_submission(json.dumps(given).encode())
    upload = uploads.load(call.person.owner, submission.name, context.services)
    if sha256 not in ("", upload.sha256):
        raise ConflictError(
            f"the tarball {submission.name!r} has changed since the run of this manifest",
            stage="submit",
            hint="upload the earlier one again, or submit without a manifest",
        )
    return submit.prepare(submission, upload, context.services, context.limits)


def _unpack_manifest(manifest: dict[str, Any]) -> tuple[dict[str, Any], str]:
    submission, tarball = manifest["submission"], manifest["tarball"]
    if not isinstance(submission, dict) or not isinstance(tarball, dict):
        raise InvalidRequestError("the manifest is not one that GET /runs/NAME/manifest gives")
    return submission, str(tarball.get("sha256", ""))


_MEMBER: Schema = {"type": "string", "maxLength": 256}
_SUBMISSION: Schema = {
    "type": "object",
    "description": "The file names are those inside the tarball.",
    "additionalProperties": False,
    "required": ["name"],
    "properties": {
        "name": {**FOLDER, "description": "Of the upload."},
        "device": {"enum": ["cpu", "gpu"], "default": "cpu"},
        "memory": {
            "type": ["string", "integer"],
            "description": "As Docker reads it, or a number of bytes.",
            "pattern": "^[1-9][0-9]{0,5}[kmgKMG]b?$",
            "minimum": 1,
            "default": "3gb",
        },
        "cpus": {
            "type": ["string", "number"],
            "pattern": "^[1-9][0-9]{0,2}$",
            "exclusiveMinimum": 0,
            "default": "2",
        },
        "files": {**_MEMBER, "default": "files.txt"},
        "labels": {**_MEMBER, "default": "labels.txt"},
        "model": {**_MEMBER, "default": "model.py"},
        "params": {**_MEMBER, "default": "params.json"},
        "preproc": {
            **_MEMBER,
            "description": "Without it, preproc.json is used if the tarball has one; empty: none.",
        },
        "title": {"type": "string", "maxLength": 256, "default": ""},
        "webhook": {
            "type": "string",
            "maxLength": 1024,
            "default": "",
            "description": "Told, signed, when the run is over; of a host that the deployment allows.",
        },
        "fout": {"type": "string", "maxLength": 256, "description": "Accepted and not used."},
    },
    "patternProperties": {
        "_folder$": {
            "type": "string",
            "description": "host_folder, cert_folder … of MLaaS4HEP_server: accepted and not used.",
        }
    },
}
_MANIFEST: Schema = {
    "type": "object",
    "description": "What GET /runs/NAME/manifest gave; makes the same run again.",
    "required": ["submission", "tarball"],
    "properties": {"submission": ref("Submission"), "tarball": OBJECT},
}
DRY_RUN = Arg(name="dry_run", about="Only say what would happen.", schema=FLAG)
SUBMISSION = Body(
    forms={JSON: {"anyOf": [ref("Submission"), ref("Manifest")]}},
    schemas={"Submission": _SUBMISSION, "Manifest": _MANIFEST},
)
ERRORS = (403, 404, 409, 413, 422, 429)
STARTED = Started | DryRun
ROUTES = (
    Route(
        name="create_run",
        method="POST",
        path="/runs",
        handler=create_run,
        tag="runs",
        args=(DRY_RUN, KEY),
        body=SUBMISSION,
        gives=Report,
        status=201,
        also_gives={200: DryRun},
        errors=ERRORS,
    ),
)
