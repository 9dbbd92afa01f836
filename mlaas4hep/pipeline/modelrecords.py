"""Records of models: whoever writes or deletes one says so, so that lists need not look for it."""

from uuid import uuid4

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import DamagedError
from mlaas4hep.ports import ObjectInfo, ObjectStore


def read(key: str, store: ObjectStore) -> ModelRecord:
    """Return the record of a model, or of a version that is kept, by its key.

    Raises:
        NotFoundError: there is none.
        DamagedError: it is not whole, or is that of another model.
    """
    data = store.get(key)
    try:
        record = sealed.load(ModelRecord, data)
    except DamagedError as error:
        raise _damage(key, error.problem.message) from error
    own = keys.model(record.owner, record.name)
    if key not in (own, keys.model_version(record.owner, record.name, record.version)):
        raise _damage(key, f"it is that of model {record.name!r}")
    return record


def _damage(key: str, what: str) -> DamagedError:
    return DamagedError(
        f"the record of model {key.split('/')[1]!r} is damaged: {what}",
        hint="delete the model and upload it again, or submit again the run that trained it",
    )


def promoted_at(record: ModelRecord, info: ObjectInfo) -> float:
    """Return when a version was stored under its name, whenever its record was written again."""
    return record.promoted_at or info.modified_at


def write(record: ModelRecord, store: ObjectStore) -> None:
    """Serve a version from now on; its files are stored already."""
    store.put(keys.model(record.owner, record.name), sealed.dump(record))
    mark(record.owner, store)


def delete(owner: str, name: str, store: ObjectStore) -> None:
    """Serve a model no more."""
    store.delete(keys.model(owner, name))
    mark(owner, store)


def mark(owner: str, store: ObjectStore) -> None:
    """Make every list of the owner's models that was made before this one an old one."""
    store.put(keys.models_mark(owner), uuid4().hex.encode())
