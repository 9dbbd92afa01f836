"""A look at everything that is stored: what is damaged, what is missing, what nobody needs."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.data import chunk
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.tarballs.upload import Upload
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.ports import ObjectInfo, ObjectStore, Services
from mlaas4hep.usecases.storekeeping import wholeness

_CONTENT = 32  #: hex digits of the digest in a key
_CHECKPOINTS = f"/{files.CHECKPOINTS}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One object that is not as it should be."""

    bucket: str
    key: str
    kind: Literal["damaged", "missing", "orphan"]
    what: str  #: in a few words
    makes_itself: bool = False  #: if it is deleted, whoever needs it makes it again


def fsck(services: Services) -> Iterator[Finding]:
    """Read every object, and yield what is wrong; nothing is changed.

    An object that goes away meanwhile is no finding. Runs that go on may hold files that look
    like orphans for a moment: look again before you delete any.
    """
    yield from _each(services.chunks, "chunks", _chunk)
    yield from _each(services.specs, "specs", _sealed)
    yield from _each(services.runs_files, "runs", _of_run)
    yield from _runs(services)
    yield from _models(services)
    yield from _tarballs(services)


def repair(finding: Finding, services: Services) -> bool:
    """Delete what is damaged and can be made again; tell whether it was."""
    if not finding.makes_itself:
        return False
    services.buckets[finding.bucket].delete(finding.key)
    return True


_Check = Callable[[ObjectStore, ObjectInfo], bool]


def _each(store: ObjectStore, bucket: str, check: _Check) -> Iterator[Finding]:
    """Check every object of a bucket; the check tells whether the object makes itself."""
    for info in list(store.list("")):
        makes_itself = bucket != "runs"
        try:
            makes_itself = check(store, info)
        except NotFoundError:
            continue
        except DamagedError as error:
            yield Finding(
                bucket=bucket,
                key=info.key,
                kind="damaged",
                what=str(error),
                makes_itself=makes_itself or "/surveys/" in info.key,
            )


def _chunk(store: ObjectStore, info: ObjectInfo) -> bool:
    content = info.key.rpartition("/")[2].removesuffix(".chunk")
    if len(content) != _CONTENT or not info.key.endswith(".chunk"):
        raise DamagedError("it has not the name of a chunk")
    with store.local(info.key) as path:
        data = np.memmap(path, np.uint8, "r") if info.size_bytes else np.empty(0, np.uint8)
        chunk.check(data, content)
    return True


def _sealed(store: ObjectStore, info: ObjectInfo) -> bool:
    if info.key.endswith(".json"):
        data = store.get(info.key)
        sealed.check(data)
        if not (data.startswith((b"{", b"[")) and data.rstrip().endswith((b"}", b"]"))):
            raise DamagedError("it is no JSON")
    return True


def _of_run(store: ObjectStore, info: ObjectInfo) -> bool:
    if _CHECKPOINTS in info.key:
        with store.open(info.key) as file:
            if sealed.checksum(file) != info.key.rpartition("/")[2]:
                raise DamagedError("its bytes do not have the checksum in its name")
    else:
        _sealed(store, info)
    return False


def _runs(services: Services) -> Iterator[Finding]:
    """Yield run records that say nothing, and folders of runs that have none."""
    known = {f"{run.owner}/{run.name}" for run in services.runs.list()}
    folders: dict[str, str] = {}
    for info in services.runs_files.list(""):
        folder = "/".join(info.key.split("/")[:2])
        if files.is_of_run(folder):
            folders.setdefault(folder, info.key)
            if info.key == f"{folder}/{files.RUN}":
                folders[folder] = info.key
    for folder, key in folders.items():
        if key.endswith(f"/{files.RUN}"):
            yield from _record(key, services.runs_files, "runs", Run)
        elif folder not in known:
            yield Finding(bucket="runs", key=key, kind="orphan", what="files of no run")
    for name in known - folders.keys():
        yield Finding(
            bucket="runs", key=f"{name}/{files.RUN}", kind="missing", what="a run without files"
        )


def _record(key: str, store: ObjectStore, bucket: str, kind: type[object]) -> Iterator[Finding]:
    try:
        sealed.load(kind, store.get(key))
    except NotFoundError:
        return
    except DamagedError as error:
        yield Finding(bucket=bucket, key=key, kind="damaged", what=str(error))


def _models(services: Services) -> Iterator[Finding]:
    """Yield models that are not whole, and files that belong to no version that is kept."""
    store, named = services.models, set()
    found = list(store.list(""))
    for info in found:
        if keys.is_model(info.key) or keys.is_version(info.key):
            named.add(info.key)
            yield from _version(info.key, store, named)
    for info in found:
        is_known = info.key in named or keys.is_models_mark(info.key)
        if not is_known and not _belongs_to_a_model(info.key, named):
            what = "no version of a model has this file"
            yield Finding(bucket="models", key=info.key, kind="orphan", what=what)


def _belongs_to_a_model(key: str, named: Collection[str]) -> bool:
    """Tell whether a file that no record names is of use to a model that is there."""
    owner, name, *_ = key.split("/")
    is_used = keys.is_packed_model(key) or key == keys.aliases(owner, name)
    return is_used and keys.model(owner, name) in named


def _version(key: str, store: ObjectStore, named: set[str]) -> Iterator[Finding]:
    """Yield what is wrong with the version of one record; add the keys of its files to `named`.

    The version that is served may have a record beside the others, too: its files are read once.
    """
    try:
        record = sealed.load(ModelRecord, store.get(key))
    except NotFoundError:
        return
    except DamagedError as error:
        yield Finding(bucket="models", key=key, kind="damaged", what=str(error))
        return
    for file in record.files:
        lies = keys.model_file(record.owner, record.name, record.version, file)
        if lies not in named:
            named.add(lies)
            yield from _model_file(record, file, lies, store)


def _model_file(record: ModelRecord, file: str, key: str, store: ObjectStore) -> Iterator[Finding]:
    checksum = dict(record.checksums).get(file)
    if store.info(key) is None:
        yield Finding(bucket="models", key=key, kind="missing", what="a file of the model is gone")
    elif checksum:
        try:
            wholeness.check_file(store, record, file, checksum)
        except DamagedError as error:
            yield Finding(bucket="models", key=key, kind="damaged", what=str(error))


def _tarballs(services: Services) -> Iterator[Finding]:
    """Yield uploads of which a member is gone or has another size."""
    store = services.tarballs
    for info in list(store.list("")):
        if not info.key.endswith("/upload.json") or info.key.count("/") != 2:  # noqa: PLR2004 - see keys.upload
            continue
        try:
            upload = sealed.load(Upload, store.get(info.key))
        except NotFoundError:
            continue
        except DamagedError as error:
            yield Finding(bucket="tarballs", key=info.key, kind="damaged", what=str(error))
            continue
        for member in upload.members:
            lies = store.info(upload.key(member))
            if lies is None:
                what = f"{member.path} of upload {upload.folder!r} is gone"
                yield Finding(bucket="tarballs", key=upload.key(member), kind="missing", what=what)
            elif lies.size_bytes != member.size_bytes:
                what = f"{lies.size_bytes} bytes, not {member.size_bytes}"
                yield Finding(bucket="tarballs", key=lies.key, kind="damaged", what=what)
