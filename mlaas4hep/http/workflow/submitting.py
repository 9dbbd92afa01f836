"""Submissions on their way in."""

import json
from typing import Any

from mlaas4hep.core.models.dryrun import Outlook
from mlaas4hep.core.requests.parse import parse_submission
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError, InvalidRequestError
from mlaas4hep.http.workflow.call import Ask, Door
from mlaas4hep.usecases import dryrun as rehearsals
from mlaas4hep.usecases import submit as submissions
from mlaas4hep.usecases import uploads

_NOT_OF_IT = ("action", "dry_run")  #: keys of a body that are for the door


def prepare(door: Door, ask: Ask) -> submissions.Prepared:
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
    return submissions.prepare(submission, upload, door.services, door.limits)


def _unpack_manifest(manifest: dict[str, Any]) -> tuple[dict[str, Any], str]:
    submission, tarball = manifest["submission"], manifest["tarball"]
    if not isinstance(submission, dict) or not isinstance(tarball, dict):
        raise InvalidRequestError("the manifest is not one that GET /runs/NAME/manifest gives")
    return submission, str(tarball.get("sha256", ""))


def submit(door: Door, ask: Ask) -> Run:
    """Make a run of the submission in the body."""
    return submissions.submit(prepare(door, ask), door.services, door.limits)


def rehearse(door: Door, ask: Ask) -> Outlook:
    """Return what a run of the submission in the body would do."""
    return rehearsals.rehearse(prepare(door, ask), door.services, door.limits)
