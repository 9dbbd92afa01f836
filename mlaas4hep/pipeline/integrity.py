"""Whether the files of a model are those that were stored; asked before it is loaded."""

from collections.abc import Iterator

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.bundle.served import served_files
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.ports import ObjectStore

_SMALL = ("contract.json", "labels.txt")


def check(store: ObjectStore, record: ModelRecord) -> None:
    """Refuse a model of which a file that predictions need is damaged or gone.

    Raises:
        DamagedError: the message names the file.
    """
    checksums = dict(record.checksums)
    for file in _needed(record):
        if file in checksums:
            check_file(store, record, file, checksums[file])


def read(store: ObjectStore, record: ModelRecord, file: str) -> bytes:
    """Return the content of a file of a model.

    Raises:
        DamagedError: it is not what was stored, or is gone.
    """
    try:
        data = store.get(keys.model_file(record.owner, record.name, record.version, file))
    except NotFoundError:
        raise _damage(record, file, is_there=False) from None
    checksum = dict(record.checksums).get(file)
    if checksum and sealed.checksum_of(data) != checksum:
        raise _damage(record, file, is_there=True)
    return data


def check_file(store: ObjectStore, record: ModelRecord, file: str, checksum: str) -> None:
    """Refuse a file of a model that is not the one that was stored.

    Raises:
        DamagedError: it is damaged or gone.
    """
    try:
        with store.open(keys.model_file(record.owner, record.name, record.version, file)) as stream:
            found = sealed.checksum(stream)
    except NotFoundError:
        found = ""
    if found != checksum:
        raise _damage(record, file, is_there=bool(found))


def _damage(record: ModelRecord, file: str, *, is_there: bool) -> DamagedError:
    return DamagedError(
        f"model {record.name!r} is {'damaged' if is_there else 'not whole'}: {file} "
        f"{'has other bytes than were stored' if is_there else 'is gone'}",
        file=file,
        hint="delete the model and upload it again, or submit again the run that trained it",
    )


def _needed(record: ModelRecord) -> Iterator[str]:
    """Yield the files that predictions are made with."""
    models = served_files(record)
    beginnings = (*models, *map(_beside, models))
    for file in record.files:
        if file.startswith(beginnings) or file in _SMALL or file == record.labels:
            yield file


def _beside(file: str) -> str:
    """Return where the other files of a SavedModel lie."""
    folder, slash, name = file.rpartition("/")
    return f"{folder}{slash}variables/" if name.startswith("saved_model.") else file
