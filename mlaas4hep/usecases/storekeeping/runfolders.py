"""A look at what lies in bucket runs: each object, and whether each run has what it needs."""

from collections.abc import Iterator

from mlaas4hep.core import sealed
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline import scoredparts
from mlaas4hep.pipeline.training.modelpy import load_model_py
from mlaas4hep.ports import ObjectInfo, ObjectStore, Services
from mlaas4hep.usecases.storekeeping.finding import Finding, damage

_BUCKET = "runs"
_SUBMIT = "submit it again: a restart would not find it either"


def check_object(store: ObjectStore, info: ObjectInfo) -> None:
    """Refuse an object of bucket runs that is not what was stored, as far as it can tell.

    Raises:
        DamagedError: the message says what is wrong.
        NotFoundError: it is gone meanwhile.
    """
    name = info.key.split("/", 2)[-1]
    if name.startswith(files.CHECKPOINTS):
        _check_bytes(store, info, info.key.rpartition("/")[2])
    elif files.is_scores(name):
        _check_bytes(store, info, files.checksum_of_scores(name))
    elif files.is_scored_part(name):
        scoredparts.unpacked(info.key, store.get(info.key))
    elif files.is_number(info.key):
        if not store.get(info.key).isdigit():
            raise DamagedError("it is no number")
    elif name.endswith(".json"):
        check_json(store, info)


def _check_bytes(store: ObjectStore, info: ObjectInfo, checksum: str) -> None:
    with store.open(info.key) as file:
        if sealed.checksum(file) != checksum:
            raise DamagedError("its bytes do not have the checksum in its name")


def check_json(store: ObjectStore, info: ObjectInfo) -> None:
    """Refuse JSON that has another checksum than it says, or is none."""
    data = store.get(info.key)
    sealed.check(data, info.key)
    if not (data.startswith((b"{", b"[")) and data.rstrip().endswith((b"}", b"]"))):
        raise DamagedError("it is no JSON")


def findings(services: Services) -> Iterator[Finding]:
    """Yield runs that lack what they need, records that are those of others, and files of no run."""
    known = {f"{run.owner}/{run.name}" for run in services.runs.list()}
    folders: dict[str, set[str]] = {}
    for info in services.runs_files.list(""):
        folder = "/".join(info.key.split("/")[:2])
        if files.is_of_run(folder):
            folders.setdefault(folder, set()).add(info.key)
    for folder, found in folders.items():
        if f"{folder}/{files.RUN}" in found:
            yield from _run(folder, found, services)
        elif folder in known:
            yield _missing(f"{folder}/{files.RUN}", "the record of a run", "restart or delete it")
        else:
            yield Finding(bucket=_BUCKET, key=min(found), kind="orphan", what="files of no run")
    for folder in sorted(known - folders.keys()):
        yield Finding(
            bucket=_BUCKET, key=f"{folder}/{files.RUN}", kind="missing", what="a run without files"
        )


def _missing(key: str, what: str, hint: str) -> Finding:
    return Finding(bucket=_BUCKET, key=key, kind="missing", what=f"{what} is gone", hint=hint)


def _run(folder: str, found: set[str], services: Services) -> Iterator[Finding]:
    """Yield what is wrong with the record of a run, and what it lacks.

    Args:
        folder: owner and name of the run.
        found: the keys of what lies there.
        services: with the store.
    """
    key = f"{folder}/{files.RUN}"
    try:
        run = sealed.load(Run, services.runs_files.get(key))
    except NotFoundError:
        return
    except DamagedError:
        return  # it is told where all JSON is looked at
    if f"{run.owner}/{run.name}" != folder:
        yield damage(_BUCKET, key, DamagedError(f"it is the record of run {run.name!r}"))
        return
    yield from _request(run, found, services)
    if run.scores and run.scores not in found:
        yield _missing(run.scores, "the table of scores", "ask for the scores again")


def _request(run: Run, found: set[str], services: Services) -> Iterator[Finding]:
    """Yield what is wrong with what a run was asked for."""
    is_scoring = run.task == "scoring"
    name = files.SCORING if is_scoring else files.REQUEST
    kind: type[Request | ScoringRequest] = ScoringRequest if is_scoring else Request
    key = files.key(run.owner, run.name, name)
    if key not in found:
        yield _missing(key, "what the run was asked for", _SUBMIT)
        return
    try:
        request = sealed.load(kind, services.runs_files.get(key))
    except (NotFoundError, DamagedError):
        return  # it is told where all JSON is looked at
    if (request.owner, request.run) != (run.owner, run.name):
        yield damage(_BUCKET, key, DamagedError(f"it is the request of run {request.run!r}"))
    elif isinstance(request, Request):
        yield from _model_py(request, services)


def _model_py(request: Request, services: Services) -> Iterator[Finding]:
    """Yield a model.py that is not the one that was submitted."""
    key = files.key(request.owner, request.run, files.MODEL)
    if services.runs_files.info(key) is None:
        yield _missing(key, "model.py", _SUBMIT)
        return
    try:
        load_model_py(request, services)
    except DamagedError as error:
        yield damage(_BUCKET, key, error)
