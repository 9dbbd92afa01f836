"""Objects that somebody began to write and never finished, and that nothing will ever name."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby

from mlaas4hep.core import keys
from mlaas4hep.core.runs import files
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.ports import ObjectInfo, ObjectStore, Services

log = logging.getLogger(__name__)

_Folder = tuple[str, str]  #: owner and name of a run, upload or model


def remove_abandoned(services: Services, before: float) -> int:
    """Remove uploads, models and files of runs without a record; return how many objects.

    Args:
        before: seconds since the epoch; a folder with anything younger is left alone, because
            records are written last.
    """
    removed = 0
    for bucket, store, keys_ in (
        ("tarballs", services.tarballs, _uploads(services, before)),
        ("models", services.models, _models(services, before)),
        ("runs", services.runs_files, _runs(services, before)),
    ):
        for key in list(keys_):
            log.warning("%s/%s is removed: nobody finished it", bucket, key)
            store.delete(key)
            removed += 1
    return removed


def _uploads(services: Services, before: float) -> Iterator[str]:
    """Yield tarballs that nobody asked to unpack, and files of uploads that have no record."""
    for (owner, name), infos in _folders(services.tarballs):
        staged = keys.staged(owner, name, "")
        yield from (i.key for i in infos if i.key.startswith(staged) and i.modified_at < before)
        if keys.upload(owner, name) not in {info.key for info in infos}:
            rest = [info for info in infos if not info.key.startswith(staged)]
            yield from _if_old(rest, before)


def _models(services: Services, before: float) -> Iterator[str]:
    """Yield files of models and versions without a record, unless a training is writing them."""
    is_final = {(run.owner, run.name): run.is_final for run in services.runs.list()}
    for (owner, name), infos in _folders(services.models):
        if not is_final.get((owner, name), True):
            continue
        if keys.model(owner, name) in {info.key for info in infos}:
            found = list(_versions(owner, name, infos, services, before))
        else:
            found = list(_if_old(infos, before))
        if found and ((owner, name) in is_final or not _is_run(owner, name, services)):
            yield from found


def _is_run(owner: str, name: str, services: Services) -> bool:
    """Tell whether nobody has deleted a run, though its record may be lost or unreadable."""
    return services.runs_files.info(files.key(owner, name, files.RUN)) is not None


def _versions(
    owner: str, name: str, infos: list[ObjectInfo], services: Services, before: float
) -> Iterator[str]:
    """Yield files of versions that are neither served nor kept: uploads that nobody finished."""
    versions = _by_version(infos)
    unkept = [v for v, found in versions.items() if not any(map(keys.is_version, found))]
    if len(unkept) > 1:  # one is served
        with suppress(NotFoundError, DamagedError):
            record = modelrecords.read(keys.model(owner, name), services.models)
            for version in unkept:
                if version != record.version:
                    yield from _if_old(list(versions[version].values()), before)


def _by_version(infos: list[ObjectInfo]) -> dict[str, dict[str, ObjectInfo]]:
    """Return what lies in the folder of each version, by key."""
    versions: dict[str, dict[str, ObjectInfo]] = {}
    for info in infos:
        _, _, version, *below = info.key.split("/")
        if below:
            versions.setdefault(version, {})[info.key] = info
    return versions


def _runs(services: Services, before: float) -> Iterator[str]:
    """Yield files of runs that were deleted, or whose submission died before its record."""
    known = {(run.owner, run.name) for run in services.runs.list()}
    for (owner, name), infos in _folders(services.runs_files):
        has_record = files.key(owner, name, files.RUN) in {info.key for info in infos}
        if files.is_of_run(name) and not has_record and (owner, name) not in known:
            yield from _if_old(infos, before)


def _folders(store: ObjectStore) -> Iterator[tuple[_Folder, list[ObjectInfo]]]:
    """Yield what lies in each folder, one folder after the other: a store lists by key."""
    for folder, infos in groupby(store.list(""), lambda info: info.key.split("/")[:2]):
        found = [info for info in infos if info.key.count("/") > 1]
        if found:
            yield (folder[0], folder[1]), found


def _if_old(infos: list[ObjectInfo], before: float) -> Iterator[str]:
    if all(info.modified_at < before for info in infos):
        yield from (info.key for info in infos)
