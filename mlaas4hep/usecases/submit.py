"""A submission becomes a run: everything is checked at the door, stored, and then told."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.inputs import filelist, sources
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.params.parse_fitting import has_label_columns
from mlaas4hep.core.requests.parse import Submission
from mlaas4hep.core.requests.request import Request, Resources
from mlaas4hep.core.requests.tarballs import companions
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunSubmitted, ScoringSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import (
    ConflictError,
    ForbiddenError,
    InvalidRequestError,
    MlaasError,
    QuotaError,
    ServiceUnavailableError,
)
from mlaas4hep.pipeline.records import new_run, next_name, store_run
from mlaas4hep.ports import Services
from mlaas4hep.usecases import quotas, uploads
from mlaas4hep.usecases.build_request import Name, Surroundings, Text, Texts, build_request
from mlaas4hep.usecases.runs import forget

USUAL_PREPROC = "preproc.json"  #: used without being named, as `mlaas4hep run` does
USUAL_FILES = "files.txt"
JSON_FILES = "files.json"  #: says the same, and more


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedSubmission:
    """A submission whose texts are read and found good; it has no number yet."""

    request: Request
    model: str  #: the text of model.py
    beside: bytes  #: a zip of what lies beside it
    submission: Submission
    upload: Upload


def submit(prepared: CheckedSubmission, services: Services, limits: Limits) -> Run:
    """Store a run and tell the functions about it.

    Raises:
        QuotaError: the owner has enough unfinished runs, models or bytes.
        ServiceUnavailableError: it could not be told; nothing is left of it.
    """
    owner, folder = prepared.request.owner, prepared.request.folder
    quotas.check_trainings(owner, services, limits)
    stored = contents(prepared.request, prepared)
    claimed = quotas.claim_bytes(owner, sum(map(len, stored.values())), services, limits)
    name, number = next_name(owner, folder, services)
    request = replace(prepared.request, run=name)
    run = new_run(request, number, services.clock())
    with kept_if_whole(run, services):
        store_run(run, stored | {files.REQUEST: sealed.dump(request)}, services)
        quotas.check_claimed(owner, claimed, services, limits)
        quotas.check_trainings(owner, services, limits, runs=0, models=0)
        services.bus.publish([RunSubmitted(owner=owner, run=run.name)])
    return run


def submit_scoring(request: ScoringRequest, services: Services, limits: Limits) -> Run:
    """Store a run that scores files, and tell the functions about it.

    Raises:
        QuotaError: the owner has enough unfinished runs.
        ServiceUnavailableError: it could not be told; nothing is left of it.
    """
    quotas.check_runs(request.owner, services, limits)
    name, number = next_name(request.owner, request.folder, services)
    keys.checked_name(name, "name of the run")
    request = replace(request, run=name)
    run = new_run(request, number, services.clock())
    with kept_if_whole(run, services):
        store_run(run, {files.SCORING: sealed.dump(request)}, services)
        quotas.check_runs(request.owner, services, limits, more=0)
        services.bus.publish([ScoringSubmitted(owner=request.owner, run=name)])
    return run


@contextmanager
def kept_if_whole(run: Run, services: Services) -> Iterator[None]:
    """Leave nothing of a run that could not be told, or that is one too many."""
    try:
        yield
    except (QuotaError, ServiceUnavailableError):
        with suppress(ServiceUnavailableError):
            forget(run, services)
        raise


def contents(request: Request, prepared: CheckedSubmission) -> dict[str, bytes]:
    """Return what is stored with a run of the submission."""
    more = {files.BESIDE: prepared.beside} if prepared.beside else {}
    return more | {
        files.REQUEST: sealed.dump(request),
        files.MODEL: prepared.model.encode(),
        files.SUBMISSION: sealed.dump(prepared.submission),
        files.UPLOAD: sealed.dump(prepared.upload),
    }


def _check_resources(wanted: Resources, limits: Limits) -> None:
    """Refuse what no training may have here; memory also bounds its disk and its data."""
    if wanted.device == "gpu" and not limits.has_gpu:
        raise ConflictError(
            "this deployment has no train function with a GPU",
            stage="submit",
            hint='submit with "device": "cpu"',
        )
    if wanted.device == "gpu" and limits.sandbox != "any":
        raise ConflictError(
            f"this deployment confines trainings (MLAAS_SANDBOX={limits.sandbox}): "
            "none reaches a device of its node, so that none can use a GPU",
            stage="submit",
            hint='submit with "device": "cpu"',
        )
    for name, value, most in (
        ("memory", wanted.memory_bytes, limits.max_memory_bytes),
        ("cpus", wanted.cpus, limits.max_cpus),
    ):
        if not value <= most:
            raise InvalidRequestError(
                f"{name} of the submission is {value}, this deployment gives a training {most}",
                stage="submit",
                hint=f'a smaller "{name}"; the operator sets MLAAS_MAX_{name.upper()}',
            )


def _check_webhook(url: str, limits: Limits) -> None:
    """Refuse addresses that the deployment does not tell anything."""
    if not url:
        return
    parts = urlsplit(url)
    hosts = [glob.strip().lower() for glob in limits.webhook_hosts.split(",") if glob.strip()]
    if not any(fnmatchcase(parts.hostname or "", glob) for glob in hosts):
        raise ForbiddenError(
            f"webhook: this deployment tells nothing to {parts.hostname!r}",
            stage="submit",
            hint=f"it may be {', '.join(hosts) or 'nobody'}: the operator sets MLAAS_WEBHOOK_HOSTS",
        )
    if parts.scheme != "https" and not limits.plain_http:
        raise ForbiddenError(f"webhook: {url!r} is not https://", stage="submit")


def prepare(
    submission: Submission, upload: Upload, services: Services, limits: Limits
) -> CheckedSubmission:
    """Read and check everything that a submission names, without opening a ROOT file.

    Raises:
        InvalidRequestError: something is missing, wrong or too much; names the file and what
            is near.
        ConflictError: it asks for a GPU and there is none.
    """
    _check_resources(submission.resources, limits)
    _check_webhook(submission.webhook, limits)
    with at_submit():
        texts = _texts(submission, upload, services)
        request = build_request(
            texts,
            Name(
                owner=upload.owner,
                folder=upload.folder,
                upload=upload.sha256,
                title=submission.title,
            ),
            Surroundings(
                locate=lambda name: sources.resolve(name, upload, limits),
                expand=sources.expander(upload, limits, services.source.find),
                member=lambda path: uploads.read_text_if_any(upload, path, services),
                frameworks=limits.frameworks,
            ),
            submission.resources,
        )
    model = texts.model.text if texts.model else ""
    return CheckedSubmission(
        request=request,
        model=model,
        beside=texts.beside,
        submission=submission,
        upload=upload,
    )


def _texts(submission: Submission, upload: Upload, services: Services) -> Texts:
    """Return the texts that a submission names."""

    def read(name: str, what: str) -> Text:
        return Text(name=name, text=uploads.read_text(upload, name, services, what))

    preproc = submission.preproc
    if preproc is None:
        preproc = USUAL_PREPROC if upload.find(USUAL_PREPROC) else ""
    files = read(_files(submission, upload), "files")
    params = read(submission.params, "params")
    says_labels = filelist.has_labels(files.text) or has_label_columns(params.text)
    own_labels = upload.find(submission.labels) is None and says_labels
    return Texts(
        model=read(submission.model, "model"),
        preproc=read(preproc, "preproc") if preproc else None,
        params=params,
        files=files,
        labels=None if own_labels else read(submission.labels, "labels"),
        beside=_beside(submission, upload, services, files.text),
    )


def _files(submission: Submission, upload: Upload) -> str:
    """Return the name of the list of files: of the usual one, if nothing else is said."""
    has_usual = submission.files != USUAL_FILES or upload.find(USUAL_FILES) is not None
    return submission.files if has_usual or upload.find(JSON_FILES) is None else JSON_FILES


def _beside(submission: Submission, upload: Upload, services: Services, listed: str) -> bytes:
    """Return a zip of the small files that lie beside model.py."""
    members = {member.path: member for member in upload.members}
    members.pop(submission.model, None)
    sizes = ((path, member.size_bytes) for path, member in members.items())
    paths = companions.chosen(sizes, listed)
    return companions.packed(paths, lambda path: uploads.read(upload, members[path], services))


@contextmanager
def at_submit() -> Iterator[None]:
    """Say of errors that they came before anything was begun."""
    try:
        yield
    except MlaasError as error:
        raise error.located(stage="submit") from error.__cause__
