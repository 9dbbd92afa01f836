"""Versions of a model as people see them: listed, named, served again, described by a card."""

from contextlib import suppress

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.registry import ModelCard, ModelVersion, Provenance
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.errors import (
    ConflictError,
    DamagedError,
    InvalidRequestError,
    NotFoundError,
)
from mlaas4hep.pipeline import integrity, modelrecords
from mlaas4hep.pipeline.servedversion import served_now, take_over
from mlaas4hep.ports import Services
from mlaas4hep.usecases.aliases import point, read_aliases, take_back

_Records = dict[str, tuple[ModelRecord, float]]  #: by version, with when each was stored


def versions(served: ModelRecord, services: Services) -> tuple[ModelVersion, ...]:
    """Return the versions of a model that are kept, the newest first."""
    aliases = read_aliases(served, services)
    found = [
        (stored_at, _version(record, served, aliases, stored_at, services))
        for record, stored_at in records(served, services).values()
    ]
    return tuple(version for _, version in sorted(found, key=lambda one: -one[0]))


def records(served: ModelRecord, services: Services) -> _Records:
    """Return the record of each version that is kept and whole, and when it was stored."""
    found: _Records = {}
    info = services.models.info(keys.model(served.owner, served.name))
    found[served.version] = served, modelrecords.promoted_at(served, info) if info else 0.0
    for one in services.models.list(f"{served.owner}/{served.name}/"):
        if keys.is_version(one.key):
            with suppress(NotFoundError, DamagedError):
                record = modelrecords.read(one.key, services.models)
                found[record.version] = record, modelrecords.promoted_at(record, one)
    return found


def resolve(served: ModelRecord, version: str, services: Services) -> ModelRecord:
    """Return the record of a version, which an alias may mean.

    Raises:
        NotFoundError: there is no such version.
    """
    known, aliases = records(served, services), read_aliases(served, services)
    return _resolved(served, version, known, aliases)[0]


def _resolved(
    served: ModelRecord, version: str, known: _Records, aliases: dict[str, str]
) -> tuple[ModelRecord, float]:
    chosen = known.get(aliases.get(version, version))
    if chosen is None:
        raise NotFoundError(
            f"model {served.name!r} has no version {version!r}",
            hint=nearest(version, [*known, *aliases]),
        )
    return chosen


def find_version(served: ModelRecord, version: str, services: Services) -> str:
    """Return the version that is meant: one that is kept, or the one of an alias.

    Raises:
        NotFoundError: there is no such version.
    """
    known = (served.version, served.shown_version)
    if version in known or version.lstrip("0") in known:
        return served.version
    found = read_aliases(served, services).get(version, version)
    is_name = keys.is_name(found)
    kept = is_name and services.models.info(keys.model_version(served.owner, served.name, found))
    if found != served.version and not kept:
        raise NotFoundError(
            f"model {served.name!r} has no version {version!r}",
            hint=f"version {served.shown_version} is served",
        )
    return found


def move_alias(
    served: ModelRecord,
    alias: str,
    version: str,
    services: Services,
    expected: str | None = None,
) -> None:
    """Let an alias mean a version, or nothing if `version` is empty; all at once.

    Args:
        served: the model.
        alias: its name.
        version: what it means from now on, perhaps by another alias.
        expected: what it must mean until then, empty: nothing; None: what it means now.

    Raises:
        ConflictError: it means something else, somebody else moved it, or the version was deleted at
            the same time.
        InvalidRequestError: the alias is no name, or that of a version.
        NotFoundError: there is no such version.
    """
    keys.checked_name(alias, "alias")
    known = records(served, services)
    if alias in known:
        raise InvalidRequestError(f"alias {alias!r} is the name of a version")
    aliases = read_aliases(served, services) if version else {}
    meant = _resolved(served, version, known, aliases)[0].version if version else ""
    point(served, alias, meant, services, expected)
    if meant and not _is_kept(served, meant, services):
        take_back(served, alias, meant, services)
        raise _gone(served, meant)


def _is_kept(served: ModelRecord, version: str, services: Services) -> bool:
    """Tell whether a version is served, or its record still there: a promotion deletes that first."""
    if services.models.info(keys.model_version(served.owner, served.name, version)) is not None:
        return True
    now, _ = served_now(served.owner, served.name, services)
    return now is not None and now.version == version


def _gone(served: ModelRecord, version: str) -> ConflictError:
    return ConflictError(
        f"version {version!r} of model {served.name!r} was deleted at the same time, as the oldest of"
        " too many",
        hint="`mlaas4hep versions` lists those that are kept",
    )


def serve(served: ModelRecord, version: str, services: Services) -> ModelRecord:
    """Serve a version that is kept from now on; sharing stays as it is.

    Raises:
        NotFoundError: there is no such version.
        ConflictError: its files are not kept any more, or another version was served meanwhile.
        DamagedError: one that predictions need is damaged.
    """
    record = resolve(served, version, services)
    for file in record.files:
        if (
            services.models.info(keys.model_file(record.owner, record.name, record.version, file))
            is None
        ):
            raise ConflictError(
                f"version {record.version!r} of model {record.name!r} is not whole: {file} is gone"
            )
    integrity.check(services.models, record)
    after = take_over(record, served, services)
    kept = keys.model_version(record.owner, record.name, record.version)
    if record.version != served.version and services.models.info(kept) is None:
        take_over(served, record, services)
        raise _gone(served, record.version)
    return after


def roll_back(served: ModelRecord, services: Services) -> ModelRecord:
    """Serve the version again that was served before the one that is.

    Raises:
        ConflictError: no earlier one is kept, or its files are not.
    """
    known = versions(served, services)
    place = next(number for number, each in enumerate(known) if each.served)
    if place + 1 == len(known):
        raise ConflictError(
            f"no version of model {served.name!r} before {served.version!r} is kept",
            hint="`mlaas4hep versions` lists those that are",
        )
    return serve(served, known[place + 1].version, services)


def card(served: ModelRecord, version: str, services: Services) -> ModelCard:
    """Return the card of a version.

    Raises:
        NotFoundError: there is no such version.
    """
    known, aliases = records(served, services), read_aliases(served, services)
    asked = _resolved(served, version, known, aliases) if version else known[served.version]
    chosen, stored_at = asked
    return ModelCard(
        model=served.name,
        owner=served.owner,
        version=_version(chosen, served, aliases, stored_at, services),
        files=chosen.files,
        not_made=chosen.not_made,
    )


def _version(
    record: ModelRecord,
    served: ModelRecord,
    aliases: dict[str, str],
    stored_at: float,
    services: Services,
) -> ModelVersion:
    return ModelVersion(
        version=record.version,
        served=record.version == served.version,
        aliases=tuple(sorted(name for name, one in aliases.items() if one == record.version)),
        stored_at=clock_time(stored_at),
        description=record.description,
        provenance=_provenance(record, services),
    )


def _provenance(record: ModelRecord, services: Services) -> Provenance:
    if "contract.json" not in record.files:
        return Provenance(trained_as=record.promoted_from)
    from mlaas4hep.core.models.bundle.contract import Contract  # noqa: PLC0415 - few have one

    contract = wire.load(Contract, integrity.read(services.models, record, "contract.json"))
    return Provenance(
        trained_as=contract.model,
        task=contract.task,
        columns=contract.columns,
        classes=contract.classes,
        entries=contract.specs.passed,
        inputs=contract.inputs,
        preproc=contract.preproc,
        specs_digest=contract.specs_digest,
        code=contract.code,
        versions=contract.versions,
        metrics=contract.metrics,
    )
