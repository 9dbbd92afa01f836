"""A model under another name: the files are copied, and served once all of them are there."""

import json
from contextlib import suppress
from dataclasses import replace

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ConflictError, DamagedError, NotFoundError
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.pipeline.servedversion import served_now, take_over
from mlaas4hep.ports import ObjectInfo, Services

_LARGEST_FILE = 4 * 1024**3
_APART_S = 1e-6  #: what a time of today, as a double, tells apart


def promote(owner: str, model: str, name: str, services: Services) -> ModelRecord:
    """Serve a model of an owner under `name`, too; sharing of that name stays as it was.

    Raises:
        NotFoundError: there is no such model.
        InvalidRequestError: it is no name.
        ConflictError: a model of that name was not promoted, but trained or uploaded; or another
            version was promoted meanwhile.
    """
    keys.checked_name(name, "model")
    record = modelrecords.read(keys.model(owner, model), services.models)
    before = promoted_before(owner, name, services)
    for file in record.files:
        source = keys.model_file(owner, model, record.version, file)
        with services.models.open(source) as stream:
            target = keys.model_file(owner, name, record.version, file)
            services.models.put_stream(target, stream, _LARGEST_FILE)
    first = before.promoted_at + _APART_S if before and before.promoted_at else services.clock()
    promoted = replace(record, name=name, promoted_from=model, promoted_at=first)
    both = [each for each in (before, promoted) if each is not None]
    for each in both:  # nothing is lost if this process ends here
        if services.models.info(keys.model_version(owner, name, each.version)) is None:
            _keep(each, services)
    served = take_over(promoted, before, services)
    # By these times versions are listed and rolled back; one that came too late keeps its first.
    now = max(services.clock(), first + 2 * _APART_S)
    for place, each in enumerate(reversed(both)):
        if not place or each.version != promoted.version:
            _keep(replace(each, promoted_at=now - place * _APART_S), services)
    _forget_oldest(served, services)
    return served


def promoted_before(owner: str, name: str, services: Services) -> ModelRecord | None:
    """Return what was promoted to `name` last; None: nothing was yet.

    Raises:
        ConflictError: a model of that name was not promoted, but trained or uploaded.
    """
    before, _ = served_now(owner, name, services)
    if before is not None and not before.promoted_from:
        raise ConflictError(
            f"there is a model {name!r} that was not promoted", hint="choose another name"
        )
    return before


def _keep(record: ModelRecord, services: Services) -> None:
    """Write the record of a version; who may use it is what that of the served one says."""
    key = keys.model_version(record.owner, record.name, record.version)
    services.models.put(key, sealed.dump(replace(record, public=True)))


def _forget_oldest(served: ModelRecord, services: Services) -> None:
    """Delete the oldest versions that are too many, never the one that is served, nor one with an alias.

    The record of a version goes first, and whoever begins to use it looks for that afterwards: one of
    the two sees the other (`usecases.versions`).
    """
    prefix = f"{served.owner}/{served.name}/"
    found = [info for info in services.models.list(prefix) if keys.is_version(info.key)]
    found.sort(key=lambda info: _promoted_at(info, services), reverse=True)
    for info in found[services.max_versions :]:
        version = info.key.split("/")[2]
        if version in _held_versions(served, services):
            continue
        record = services.models.get(info.key)
        services.models.delete(info.key)
        if version in _held_versions(served, services):  # since a moment ago
            services.models.put(info.key, record)
            continue
        for file in list(services.models.list(f"{prefix}{version}/")):
            services.models.delete(file.key)


def _promoted_at(info: ObjectInfo, services: Services) -> float:
    """Return when a version was promoted; that of an earlier release when its record was written."""
    with suppress(NotFoundError, DamagedError):
        return modelrecords.promoted_at(modelrecords.read(info.key, services.models), info)
    return info.modified_at


def _held_versions(served: ModelRecord, services: Services) -> set[str]:
    """Return the versions of a model that are served or have an alias by now."""
    now, _ = served_now(served.owner, served.name, services)
    held = {served.version} | ({now.version} if now else set())
    try:
        body = services.models.get(keys.aliases(served.owner, served.name))
    except NotFoundError:
        return held
    return held | set(json.loads(body).values())
