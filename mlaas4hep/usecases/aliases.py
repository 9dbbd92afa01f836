"""Names for versions of a model, such as `production`: read, and moved all at once."""

from contextlib import suppress

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ConflictError, DamagedError, NotFoundError, ServiceUnavailableError
from mlaas4hep.ports import Services

_TRIES = 20  #: against others who move other aliases


def read_aliases(served: ModelRecord, services: Services) -> dict[str, str]:
    """Return the version that each alias of a model means."""
    try:
        body = services.models.get(keys.aliases(served.owner, served.name))
    except NotFoundError:
        return {}
    try:
        return sealed.load(dict[str, str], body)
    except DamagedError as error:
        raise DamagedError(
            f"what the aliases of model {served.name!r} mean is damaged: {error.problem.message}",
            hint="an operator has to delete it; then set the aliases again",
        ) from error


def point(
    served: ModelRecord, alias: str, version: str, services: Services, expected: str | None = None
) -> None:
    """Let an alias mean a version, or nothing if `version` is empty.

    Args:
        served: the model.
        alias: its name.
        version: one that is kept.
        services: with the store of models.
        expected: what it must mean until then, empty: nothing; None: what it means now.

    Raises:
        ConflictError: it means something else, or somebody else moved it.
    """
    means = read_aliases(served, services).get(alias, "") if expected is None else expected
    for _ in range(_TRIES):
        aliases, etag = _to_change(served, services)
        if aliases.get(alias, "") != means:
            raise ConflictError(
                f"alias {alias!r} of model {served.name!r} means {aliases.get(alias, '')!r} by now, "
                f"not {means!r}",
                hint="somebody else moved it: look at the versions, and decide again",
            )
        moved = {name: one for name, one in {**aliases, alias: version}.items() if one}
        with suppress(ConflictError):
            _write(served, moved, etag, services)
            return
    raise ServiceUnavailableError(f"too many move aliases of model {served.name!r} at once")


def take_back(served: ModelRecord, alias: str, version: str, services: Services) -> None:
    """Let an alias mean nothing, if it still means a version that is gone."""
    for _ in range(_TRIES):
        aliases, etag = _to_change(served, services)
        if aliases.get(alias) != version:
            return
        with suppress(ConflictError):
            others = {name: one for name, one in aliases.items() if name != alias}
            _write(served, others, etag, services)
            return


def _to_change(served: ModelRecord, services: Services) -> tuple[dict[str, str], str]:
    """Return what the aliases mean, and the etag to change that with."""
    info = services.models.info(keys.aliases(served.owner, served.name))
    return (read_aliases(served, services), info.etag) if info else ({}, "")


def _write(served: ModelRecord, aliases: dict[str, str], etag: str, services: Services) -> None:
    body = sealed.dump(dict(sorted(aliases.items()))) if aliases else b"{}"
    services.models.put_if(keys.aliases(served.owner, served.name), body, etag)
