"""A look at everything that is stored: what is damaged, what is missing, what nobody needs."""

from collections.abc import Callable, Collection, Iterator

import numpy as np

from mlaas4hep.core import keys
from mlaas4hep.core.data import chunk
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.tarballs.upload import Member, Upload
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline import integrity, modelrecords
from mlaas4hep.ports import ObjectInfo, ObjectStore, Services
from mlaas4hep.usecases import uploads
from mlaas4hep.usecases.storekeeping import runfolders
from mlaas4hep.usecases.storekeeping.finding import Finding, damage

_CONTENT = 32  #: hex digits of the digest in a key


def fsck(services: Services) -> Iterator[Finding]:
    """Read every object, and yield what is wrong; nothing is changed.

    An object that goes away meanwhile is no finding. Runs that go on may hold files that look
    like orphans for a moment: look again before you delete any.
    """
    yield from _each(services.chunks, "chunks", _chunk)
    yield from _each(services.specs, "specs", runfolders.check_json)
    yield from _each(services.runs_files, "runs", runfolders.check_object)
    yield from runfolders.findings(services)
    yield from _models(services)
    yield from _tarballs(services)


def repair(finding: Finding, services: Services) -> bool:
    """Delete what is damaged and can be made again; tell whether it was."""
    if not finding.makes_itself:
        return False
    services.buckets[finding.bucket].delete(finding.key)
    return True


_Check = Callable[[ObjectStore, ObjectInfo], None]


def _each(store: ObjectStore, bucket: str, check: _Check) -> Iterator[Finding]:
    """Check every object of a bucket."""
    for info in list(store.list("")):
        try:
            check(store, info)
        except NotFoundError:
            continue
        except DamagedError as error:
            makes_itself = bucket != "runs" or "/surveys/" in info.key
            yield damage(bucket, info.key, error, makes_itself=makes_itself)


def _chunk(store: ObjectStore, info: ObjectInfo) -> None:
    content = info.key.rpartition("/")[2].removesuffix(".chunk")
    if len(content) != _CONTENT or not info.key.endswith(".chunk"):
        raise DamagedError("it has not the name of a chunk")
    with store.local(info.key) as path:
        data = np.memmap(path, np.uint8, "r") if info.size_bytes else np.empty(0, np.uint8)
        chunk.check(data, content)


def _models(services: Services) -> Iterator[Finding]:
    """Yield models that are not whole, and files that belong to no version that is kept.

    Beside a record that is damaged nothing is of nobody: it may name any of these files.
    """
    store, named = services.models, set()
    unreadable: set[str] = set()  #: owner and name of models
    found = list(store.list(""))
    for info in found:
        if keys.is_model(info.key) or keys.is_version(info.key):
            named.add(info.key)
            try:
                yield from _version(info.key, store, named)
            except DamagedError as error:
                unreadable.add("/".join(info.key.split("/")[:2]))
                yield damage("models", info.key, error)
    for info in found:
        folder = "/".join(info.key.split("/")[:2])
        is_known = info.key in named or folder in unreadable or keys.is_about_owner(info.key)
        if not is_known and not _belongs_to_a_model(info.key, named):
            what = "no version of a model has this file"
            yield Finding(bucket="models", key=info.key, kind="orphan", what=what)
        elif keys.is_aliases(info.key):
            yield from _aliases(store, info)


def _aliases(store: ObjectStore, info: ObjectInfo) -> Iterator[Finding]:
    try:
        runfolders.check_json(store, info)
    except NotFoundError:
        return
    except DamagedError as error:
        yield damage("models", info.key, error)


def _belongs_to_a_model(key: str, named: Collection[str]) -> bool:
    """Tell whether a file that no record names is of use to a model that is there."""
    owner, name, *_ = key.split("/")
    is_used = keys.is_packed_model(key) or key == keys.aliases(owner, name)
    return is_used and keys.model(owner, name) in named


def _version(key: str, store: ObjectStore, named: set[str]) -> Iterator[Finding]:
    """Yield what is wrong with the version of one record; add the keys of its files to `named`.

    The version that is served may have a record beside the others, too: its files are read once.

    Raises:
        DamagedError: nobody knows which files it has.
    """
    try:
        record = modelrecords.read(key, store)
    except NotFoundError:
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
            integrity.check_file(store, record, file, checksum)
        except DamagedError as error:
            yield damage("models", key, error)


def _tarballs(services: Services) -> Iterator[Finding]:
    """Yield uploads of which a member is gone or damaged, and files of no upload."""
    folders: dict[tuple[str, str], list[str]] = {}
    for info in services.tarballs.list(""):
        owner, _, rest = info.key.partition("/")
        folder = rest.partition("/")[0]  # "": of what lies there by chance
        if not info.key.startswith(keys.staged(owner, folder, "")):
            folders.setdefault((owner, folder), []).append(info.key)
    for (owner, folder), found in folders.items():
        key = keys.upload(owner, folder)
        if key not in found:
            what = "files of an upload without its record"
            yield Finding(bucket="tarballs", key=found[0], kind="orphan", what=what)
            continue
        try:
            upload = uploads.load(owner, folder, services)
        except NotFoundError:
            continue
        except DamagedError as error:
            yield damage("tarballs", key, error)
            continue
        for member in upload.members:
            yield from _member(upload, member, services)


def _member(upload: Upload, member: Member, services: Services) -> Iterator[Finding]:
    key = upload.key(member)
    try:
        uploads.check_member(upload, member, services)
    except NotFoundError:
        what = f"{member.path} of upload {upload.folder!r} is gone"
        hint = "upload the tarball again"
        yield Finding(bucket="tarballs", key=key, kind="missing", what=what, hint=hint)
    except DamagedError as error:
        yield damage("tarballs", key, error)
