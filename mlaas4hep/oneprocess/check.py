"""A dry run in this process: what a run of a folder would do."""

from mlaas4hep.core.models.dryrun import DryRun
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.requests.submission import Submission
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.oneprocess.folder import OWNER
from mlaas4hep.oneprocess.frameworkimport import import_framework
from mlaas4hep.ports import Services
from mlaas4hep.usecases.dryruns.dryrun import dry_run
from mlaas4hep.usecases.submit import CheckedSubmission

_NO_LIMIT = 2**62


def check(request: Request, model: str, beside: bytes, services: Services) -> DryRun:
    """Return what a run would do, its model built.

    Args:
        request: of the run.
        model: the text of model.py.
        beside: a zip of what lies beside it.
        services: with a trainer.

    Raises:
        PermanentError: it would fail; names file and branch.
        ServiceUnavailableError: a file's server does not answer.
    """
    import_framework(request.params, request.resources, model, services)
    nothing = Upload(
        owner=OWNER,
        folder=request.folder,
        sha256="",
        filename="",
        size_bytes=0,
        uploaded_at=0.0,
        members=(),
    )
    prepared = CheckedSubmission(
        request=request,
        model=model,
        beside=beside,
        submission=Submission(name=request.folder),
        upload=nothing,
    )
    limits = Limits(
        max_upload_bytes=_NO_LIMIT,
        max_unpacked_bytes=_NO_LIMIT,
        max_models=_NO_LIMIT,
        max_runs=_NO_LIMIT,
        max_bytes=_NO_LIMIT,
        builds_models=True,
    )
    return dry_run(prepared, services, limits)
