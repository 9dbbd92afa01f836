"""Models of people: found, listed, shared and deleted; serving them is `predict`'s."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import NotFoundError, QuotaError
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.pipeline.promotion import promote
from mlaas4hep.pipeline.servedversion import change
from mlaas4hep.ports import Services
from mlaas4hep.usecases import quotas
from mlaas4hep.usecases.deletion import delete_below
from mlaas4hep.usecases.room import Count

if TYPE_CHECKING:  # predict, which serves models, knows no runs
    from mlaas4hep.core.runs.run import Run


def find(person: Person, name: str, services: Services, owner: str = "") -> ModelRecord:
    """Return a model of the person, or one of `owner` that is shared with them.

    Raises:
        NotFoundError: there is none, or it is not theirs to see.
    """
    keys.checked_name(name, "name of the model")
    holder = owner or person.owner
    if owner:
        keys.checked_name(owner, "owner")
    try:
        record = modelrecords.read(keys.model(holder, name), services.models)
    except NotFoundError:
        record = None
    if record is None or not may_read(person, record):
        names = set(services.models.folders(f"{person.owner}/")) - {name}  # may be half there
        raise NotFoundError(f"you have no model named {name!r}", hint=nearest(name, names))
    return record


def of_run(run: "Run", services: Services) -> ModelRecord:
    """Return the model that a run made.

    Raises:
        NotFoundError: it made none, or it was deleted.
    """
    try:
        return modelrecords.read(keys.model(run.owner, run.name), services.models)
    except NotFoundError as error:
        raise NotFoundError(f"there is no model named {run.name!r}") from error


def may_read(person: Person, record: ModelRecord) -> bool:
    """Tell whether a person may see, fetch and predict with a model."""
    mine = person.owner == record.owner
    return mine or record.public or not set(person.groups).isdisjoint(record.groups)


def visible(person: Person, records: Iterable[ModelRecord]) -> list[ModelRecord]:
    """Return the models that a person may read (an admin: all), their own first."""
    seen = [record for record in records if person.is_admin or may_read(person, record)]
    return sorted(seen, key=lambda record: (record.owner != person.owner, record.name))


def share(
    record: ModelRecord, public: bool, groups: tuple[str, ...], services: Services
) -> ModelRecord:
    """Say who else may read a model; everything that was said before is replaced."""

    def follow(now: ModelRecord | None) -> ModelRecord:
        if now is None:
            raise NotFoundError(f"model {record.name!r} was deleted")
        return replace(now, public=public, groups=groups)

    return change(record.owner, record.name, follow, services)


def promoted(owner: str, model: str, name: str, services: Services, limits: Limits) -> ModelRecord:
    """Serve a model of an owner under `name`, too; another version of a model is none more.

    Raises:
        NotFoundError: there is no such model.
        ConflictError: a model of that name was not promoted, but trained or uploaded.
        QuotaError: it is one too many, or there is no room for its files.
    """
    keys.checked_name(name, "model")
    is_new = services.models.info(keys.model(owner, name)) is None
    if is_new:
        quotas.check_models(owner, services, limits)
    copied = _copied_bytes(owner, model, name, services)
    claimed = quotas.claim_bytes(owner, copied, services, limits)
    record = promote(owner, model, name, services)
    if is_new:
        _keep_within(record, claimed, services, limits)
    return record


def _copied_bytes(owner: str, model: str, name: str, services: Services) -> int:
    """Return the size of the files that are not under `name` yet; NotFoundError: no such model."""
    record = modelrecords.read(keys.model(owner, model), services.models)
    size = 0
    for file in record.files:
        info = services.models.info(keys.model_file(owner, model, record.version, file))
        there = services.models.info(keys.model_file(owner, name, record.version, file))
        size += info.size_bytes if info is not None and there is None else 0
    return size


def _keep_within(record: ModelRecord, claimed: Count, services: Services, limits: Limits) -> None:
    """Delete a model that was just made if it is one too many, or too large.

    Raises:
        QuotaError: it was; others were made meanwhile.
    """
    try:
        quotas.check_models(record.owner, services, limits, more=0)
        quotas.check_claimed(record.owner, claimed, services, limits)
    except QuotaError:
        delete(record, services)
        raise


def delete(record: ModelRecord, services: Services) -> None:
    """Delete a model; from the first deletion on it is not served any more."""
    modelrecords.delete(record.owner, record.name, services.models)
    delete_below(services.models, f"{record.owner}/{record.name}/")
