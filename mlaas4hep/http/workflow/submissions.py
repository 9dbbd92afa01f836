"""Submissions over HTTP: a run is made of one, or only foretold."""

import json
from collections.abc import Callable
from typing import Any

import flask

from mlaas4hep.core.models.dryrun import Outlook
from mlaas4hep.core.requests.parse import parse_submission
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.runs.views import Started
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.http.route import Arg, Body, Route
from mlaas4hep.http.schemas import FLAG, FOLDER, JSON, OBJECT, Schema, ref
from mlaas4hep.http.workflow.call import Ask, Door, answer
from mlaas4hep.http.workflow.runs import full_report
from mlaas4hep.http.workflow.turns import HEADER, KEY, once
from mlaas4hep.usecases import dryrun, submit, uploads

_NOT_OF_IT = ("action", "dry_run")  #: keys of a body that are for the door


def create_run(door: Door, ask: Ask) -> flask.Response:
    """Make a run of a submission."""
    if ask.flag("dry_run"):
        return answer(rehearse(door, ask))
    return answer(full_report(make_run(door, ask), door), 201)


def make_run(door: Door, ask: Ask) -> Run:
    """Make a run of the submission in the body."""
    prepared = _prepared(door, ask)
    return in_turn(door, ask, lambda: submit.submit(prepared, door.services, door.limits))


def in_turn(door: Door, ask: Ask, make: Callable[[], Run]) -> Run:
    """Make a run when the person's other submissions are done, unless the same call made it."""
    owner, body = ask.person.owner, json.dumps(ask.json(), sort_keys=True).encode()
    with door.turns.of(owner):
        return once(make, owner, ask.http.headers.get(HEADER), body, door.services)


def rehearse(door: Door, ask: Ask) -> Outlook:
    """Return what a run of the submission in the body would do."""
    return dryrun.rehearse(_prepared(door, ask), door.services, door.limits)


def _prepared(door: Door, ask: Ask) -> submit.Prepared:
    """Return the submission in the body with everything it names, checked."""
    given = {key: value for key, value in ask.json().items() if key not in _NOT_OF_IT}
    sha256 = ""
    if "submission" in given and "tarball" in given:  # a manifest
        given, sha256 = _unpack_manifest(given)
    submission = parse_submission(json.dumps(given).encode())
    upload = uploads.load(ask.person.owner, submission.name, door.services)
    if sha256 not in ("", upload.sha256):
        raise ConflictError(
            f"the tarball {submission.name!r} has changed since the run of this manifest",
            stage="submit",
            hint="upload the earlier one again, or submit without a manifest",
        )
    return submit.prepare(submission, upload, door.services, door.limits)


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
STARTED = Started | Outlook
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
        also_gives={200: Outlook},
        errors=ERRORS,
    ),
)
