"""Models that people made elsewhere, taken into bucket models; and who has which, for lists."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.models.bundle import kinds
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.errors import DamagedError, InvalidRequestError, MlaasError
from mlaas4hep.pipeline import modelrecords, servedversion
from mlaas4hep.ports import ObjectInfo, ObjectStore, Services
from mlaas4hep.usecases import quotas

_LARGEST_CONTRACT = 64 * 1024**2


def _untried(_record: ModelRecord) -> None:
    """Announce the model as it is."""


def upload(
    folder: Path,
    record: ModelRecord,
    services: Services,
    limits: Limits,
    try_out: Callable[[ModelRecord], object] = _untried,
) -> tuple[ModelRecord, bool]:
    """Store a bundle and serve it from now on; the version before it is deleted.

    Args:
        folder: the files of the bundle.
        record: owner, name and what params.json says; version and files are found here.
        try_out: loads the model from the store before anybody hears of it; if it raises, the
            model is not announced and the version before it stays.

    Returns:
        The record as stored, and whether the model is new.

    Raises:
        InvalidRequestError: the name is not acceptable, or there is no model in the bundle.
        QuotaError: the owner has no room left.
    """
    keys.checked_name(record.name, "model")
    paths = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    if kinds.served_file(paths) is None:
        raise InvalidRequestError("there is no model in the upload", stage="upload", hint=kinds.HOW)
    is_new = services.models.info(keys.model(record.owner, record.name)) is None
    if is_new:
        quotas.check_models(record.owner, services, limits)
    claimed = quotas.claim_bytes(
        record.owner, sum(path.stat().st_size for path in paths.values()), services, limits
    )
    record = _described(record, paths)
    try:
        for name, path in paths.items():
            services.models.put_file(_file(record, name), path)
        quotas.check_models(record.owner, services, limits, more=0)
        quotas.check_claimed(record.owner, claimed, services, limits)
        try_out(record)
    except MlaasError:
        _withdraw(record, services.models)
        raise
    _serve(record, services)
    return record, is_new


def _described(record: ModelRecord, paths: Mapping[str, Path]) -> ModelRecord:
    """Return the record with what the files of its bundle, by their names in it, say of it."""
    return replace(
        record,
        version=_version(paths),
        files=tuple(sorted(paths)),
        folds=_folds(paths),
        checksums=tuple((name, _checksum(path)) for name, path in sorted(paths.items())),
    )


def _serve(record: ModelRecord, services: Services) -> None:
    """Serve a version from now on, and delete the one in whose place it comes unless it is kept.

    Only that one: the files of others may belong to an upload that is under way.
    """
    replaced: list[ModelRecord] = []

    def follow(now: ModelRecord | None) -> ModelRecord:
        replaced[:] = [now] if now else []
        return record

    try:
        servedversion.change(record.owner, record.name, follow, services)
    except DamagedError:  # nobody can tell what is served; from now on everybody can
        modelrecords.write(record, services.models)
    for old in replaced:
        is_kept = services.models.info(keys.model_version(old.owner, old.name, old.version))
        if old.version != record.version and is_kept is None:
            for info in list(services.models.list(_file(old, ""))):
                services.models.delete(info.key)


def _folds(paths: Mapping[str, Path]) -> int:
    """Return how many models the contract in a bundle speaks of, if it is several."""
    path = paths.get("contract.json")
    if path is None or path.stat().st_size > _LARGEST_CONTRACT:
        return 0
    from mlaas4hep.core.models.bundle.contract import Contract  # noqa: PLC0415 - few have one

    folding = wire.load(Contract, path.read_bytes()).folding
    return folding.folds if folding else 0


ReadRecord = Callable[[ObjectStore, ObjectInfo], ModelRecord]


def read_record(store: ObjectStore, info: ObjectInfo) -> ModelRecord:
    """Return the record that `info` describes."""
    return modelrecords.read(info.key, store)


def listed(
    store: ObjectStore,
    owner: str | None = None,
    read: ReadRecord = read_record,
) -> Iterator[tuple[ModelRecord, float]]:
    """Yield the models of an owner (None: of everybody) with the time they were uploaded.

    A record that cannot be read, or that vanishes meanwhile, is left out: it breaks nothing.
    """
    for info in store.list(f"{owner}/" if owner else ""):
        if keys.is_model(info.key):
            try:
                yield read(store, info), info.modified_at
            except MlaasError:
                continue


def _version(paths: Mapping[str, Path]) -> str:
    content = {}
    for name, path in sorted(paths.items()):
        with path.open("rb") as file:
            content[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return keys.digest(content)[:16]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return sealed.checksum(file)


def _file(record: ModelRecord, name: str) -> str:
    return keys.model_file(record.owner, record.name, record.version, name)


def _withdraw(record: ModelRecord, store: ObjectStore) -> None:
    """Delete the files of a version that is not announced, unless it is the one that is served."""
    key = keys.model(record.owner, record.name)
    if store.info(key) is None or modelrecords.read(key, store).version != record.version:
        for name in record.files:
            store.delete(_file(record, name))
