"""What a run was made of, and how two runs differ."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from difflib import unified_diff
from typing import Any

import flask

from mlaas4hep.core import sealed, wire
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.parse import Submission
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import NAME, OBJECT, ref
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run
from mlaas4hep.ports import Services
from mlaas4hep.usecases import runs


def show_manifest(context: Context, call: Call) -> flask.Response:
    """Return all that a run was made of; `POST /runs` takes it back."""
    return answer(manifest(find_run(context, call), context.services))


def compare_runs(context: Context, call: Call) -> flask.Response:
    """Return what differs between two runs."""
    one = find_run(context, call)
    other = runs.find(one.owner, call.arg("other"), context.services)
    return answer(difference(one, other, context.services))


def manifest(run: Run, services: Services) -> dict[str, Any]:
    """Return the submission, the tarball it is for, and everything that was read from it."""
    stored = runs.details(run, services)
    if isinstance(stored.request, ScoringRequest):
        raise ConflictError(f"run {run.name!r} is a scoring: it has no manifest")
    submission = wire.load(Submission, _file(run, files.SUBMISSION, services))
    upload = sealed.load(Upload, _file(run, files.UPLOAD, services))
    request = json.loads(wire.show(stored.request))
    return {
        "run": run.name,
        "submission": _as_sent(submission),
        "tarball": {"name": upload.folder, "sha256": upload.sha256, "files": upload.paths},
        "request": {key: value for key, value in request.items() if key not in ("owner", "run")},
        "model": _file(run, files.MODEL, services).decode(),
        "specs": run.specs.rsplit("/", 1)[-1].removesuffix(".json"),
        "metrics": dict(run.metrics),
    }


def _as_sent(submission: Submission) -> dict[str, Any]:
    """Return a submission with the keys that a person writes."""
    fields = asdict(submission)
    fields["memory"] = fields.pop("memory_bytes")
    preproc = fields.pop("preproc")  # "" is said: none, also if the tarball has one
    sent = {key: value for key, value in fields.items() if value != ""}
    return sent if preproc is None else {**sent, "preproc": preproc}


def difference(one: Run, other: Run, services: Services) -> dict[str, Any]:
    """Return what differs: each value that is not the same, and model.py line by line."""
    before, after = manifest(one, services), manifest(other, services)
    model = unified_diff(
        str(before.pop("model")).splitlines(),
        str(after.pop("model")).splitlines(),
        one.name,
        other.name,
        lineterm="",
    )
    left, right = dict(_leaves("", before)), dict(_leaves("", after))
    changed = {
        path: {one.name: left.get(path), other.name: right.get(path)}
        for path in sorted(left.keys() | right.keys())
        if path != "run" and left.get(path) != right.get(path)
    }
    return {"runs": [one.name, other.name], "changed": changed, "model": "\n".join(model)}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), inner)
    else:
        yield path, value


def _file(run: Run, name: str, services: Services) -> bytes:
    return services.runs_files.get(files.key(run.owner, run.name, name))


ROUTES = (
    Route(
        name="show_manifest",
        method="GET",
        path="/runs/{name}/manifest",
        handler=show_manifest,
        tag="runs",
        actions=("manifest",),
        args=SEEN,
        gives=ref("Manifest"),
        errors=(403, 404, 409),
    ),
    Route(
        name="compare_runs",
        method="GET",
        path="/runs/{name}/diff",
        handler=compare_runs,
        tag="runs",
        actions=("diff",),
        args=(*SEEN, Arg(name="other", about="The other run.", schema=NAME, required=True)),
        gives=OBJECT,
        errors=(403, 404, 409),
    ),
)
