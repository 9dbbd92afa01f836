"""Records of models: whoever writes or deletes one says so, so that lists need not look for it."""

from uuid import uuid4

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports import ObjectStore


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
