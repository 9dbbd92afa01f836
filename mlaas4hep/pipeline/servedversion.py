"""Which version of a model is served: changed by one at a time, and who comes second is told."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ConflictError, NotFoundError, ServiceUnavailableError
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.ports import Services

_TRIES = 20  #: against others who only change who may use it


def served_now(owner: str, name: str, services: Services) -> tuple[ModelRecord | None, str]:
    """Return what is served under a name, if anything is, and the etag to change it with."""
    key = keys.model(owner, name)
    info = services.models.info(key)
    if info is not None:
        with suppress(NotFoundError):
            return modelrecords.read(key, services.models), info.etag
    return None, ""


def take_over(record: ModelRecord, before: ModelRecord | None, services: Services) -> ModelRecord:
    """Serve `record` from now on in the place of `before`; who may use it stays as it is.

    Raises:
        ConflictError: another version took that place meanwhile.
    """

    def follow(now: ModelRecord | None) -> ModelRecord:
        if _version(now) not in (_version(before), record.version):
            raise ConflictError(
                f"version {_version(now) or 'none'!r} of model {record.name!r} is served by now: "
                f"somebody changed it at the same time, and {record.version!r} is not",
                hint="look at the versions, and decide again",
            )
        return replace(record, public=now.public, groups=now.groups) if now else record

    return change(record.owner, record.name, follow, services)


def change(
    owner: str,
    name: str,
    follow: Callable[[ModelRecord | None], ModelRecord],
    services: Services,
) -> ModelRecord:
    """Write what `follow` makes of the record that is served, and return it; nothing is lost."""
    for _ in range(_TRIES):
        now, etag = served_now(owner, name, services)
        record = follow(now)
        with suppress(ConflictError):
            services.models.put_if(keys.model(owner, name), sealed.dump(record), etag)
            modelrecords.mark(owner, services.models)
            return record
    raise ServiceUnavailableError(f"too many change model {name!r} at the same time")


def _version(record: ModelRecord | None) -> str:
    return record.version if record else ""
