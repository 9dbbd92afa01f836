"""A submission becomes a run: everything is checked at the door, stored, and then told."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests import frameworks, modelcode, parse, sources
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.parse import Submission
from mlaas4hep.core.requests.request import InputFile, Params, Request
from mlaas4hep.core.requests.upload import Upload
from mlaas4hep.core.runs.events import Event, RunSubmitted, ScoringSubmitted
from mlaas4hep.core.runs.run import Run
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import ConflictError, MlaasError, ServiceUnavailableError
from mlaas4hep.ports import Services
from mlaas4hep.usecases import quotas, uploads

USUAL_PREPROC = "preproc.json"  #: used without being named, as `mlaas4hep run` does


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A submission whose texts are read and found good; it has no number yet."""

    request: Request
    model: str  #: the text of model.py
    submission: Submission
    upload: Upload


def submit(prepared: Prepared, services: Services, limits: Limits) -> Run:
    """Store a run and tell the functions about it.

    Raises:
        QuotaError: the owner has enough unfinished runs, models or bytes.
        ServiceUnavailableError: it could not be told; nothing is left of it.
    """
    owner, folder = prepared.request.owner, prepared.request.folder
    quotas.check_runs(owner, services, limits)
    quotas.check_models(owner, services, limits)
    quotas.check_bytes(owner, len(prepared.model), services, limits)
    number = services.runs.next_number(owner, folder)
    request = replace(prepared.request, run=f"{folder}_{number}")
    run = _new_run(request, number, services.clock())
    _store(request, prepared, services)
    services.runs.create(run)
    _tell(RunSubmitted(owner=owner, run=run.name), services)
    return run


def submit_scoring(request: ScoringRequest, services: Services, limits: Limits) -> Run:
    """Store a run that scores files, and tell the functions about it.

    Raises:
        QuotaError: the owner has enough unfinished runs.
        ServiceUnavailableError: it could not be told; nothing is left of it.
    """
    quotas.check_runs(request.owner, services, limits)
    number = services.runs.next_number(request.owner, request.folder)
    name = keys.checked_name(f"{request.folder}_{number}", "name of the run")
    request = replace(request, run=name)
    run = replace(_new_run(request, number, services.clock()), task="scoring")
    services.runs_files.put(keys.run(request.owner, name, "scoring.json"), wire.dump(request))
    services.runs.create(run)
    _tell(ScoringSubmitted(owner=request.owner, run=name), services)
    return run


def _tell(submitted: Event, services: Services) -> None:
    try:
        services.bus.publish([submitted])
    except ServiceUnavailableError:
        services.runs.delete(submitted.owner, submitted.run)
        raise


def _new_run(request: Request | ScoringRequest, number: int, now: float) -> Run:
    return Run(
        owner=request.owner,
        name=request.run,
        folder=request.folder,
        number=number,
        title=request.title,
        created_at=now,
        updated_at=now,
    )


def _store(request: Request, prepared: Prepared, services: Services) -> None:
    texts = {
        "request.json": wire.dump(request),
        "model.py": prepared.model.encode(),
        "submission.json": wire.dump(prepared.submission),
        "upload.json": wire.dump(prepared.upload),
    }
    for file, content in texts.items():
        services.runs_files.put(keys.run(request.owner, request.run, file), content)


def prepare(submission: Submission, upload: Upload, services: Services, limits: Limits) -> Prepared:
    """Read and check everything that a submission names, without opening a ROOT file.

    Raises:
        InvalidRequestError: something is missing or wrong; names the file and what is near.
        ConflictError: it asks for a GPU and there is none.
    """
    if submission.resources.device == "gpu" and not limits.has_gpu:
        raise ConflictError(
            "this deployment has no train function with a GPU",
            stage="submit",
            hint='submit with "device": "cpu"',
        )

    model = uploads.read_text(upload, submission.model, services, "model")
    modelcode.check(model, submission.model)
    preproc = _preproc(submission, upload, services)
    params = _params(submission, upload, services)
    with _in(submission.model):
        imported = modelcode.packages(model, submission.model)
        frameworks.choose(imported, params.framework, limits.frameworks)
    files = _files(submission, upload, params, services, limits)
    labels = _labels(submission, upload, files, services)
    request = Request(
        owner=upload.owner,
        run="",
        folder=upload.folder,
        upload=upload.sha256,
        files=files,
        labels=labels.scored_for(params.positive),
        params=params.for_labels(labels),
        model_sha256=hashlib.sha256(model.encode()).hexdigest(),
        preproc=preproc,
        resources=submission.resources,
        title=submission.title,
    )
    return Prepared(request=request, model=model, submission=submission, upload=upload)


def _preproc(submission: Submission, upload: Upload, services: Services) -> str:
    name = submission.preproc
    if name is None:
        name = USUAL_PREPROC if upload.find(USUAL_PREPROC) else ""
    if not name:
        return ""
    text = uploads.read_text(upload, name, services, "preproc")
    with _in(name):
        Preproc.parse(text)
    return text


def _params(submission: Submission, upload: Upload, services: Services) -> Params:
    text = uploads.read_text(upload, submission.params, services, "params")
    with _in(submission.params):
        return parse.parse_params(
            text, lambda path: uploads.read_text_if_any(upload, path, services)
        )


def _files(
    submission: Submission, upload: Upload, params: Params, services: Services, limits: Limits
) -> tuple[InputFile, ...]:
    text = uploads.read_text(upload, submission.files, services, "files")
    with _in(submission.files):
        return parse.parse_files(text, params, lambda name: sources.resolve(name, upload, limits))


def _labels(
    submission: Submission, upload: Upload, files: tuple[InputFile, ...], services: Services
) -> Labels:
    text = uploads.read_text(upload, submission.labels, services, "labels")
    with _in(submission.labels):
        return parse.parse_labels(text, files)


@contextmanager
def _in(file: str) -> Iterator[None]:
    """Say in which file of the tarball a mistake is."""
    try:
        yield
    except MlaasError as error:
        raise error.located(stage="submit", file=file) from error.__cause__
