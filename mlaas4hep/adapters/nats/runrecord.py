"""A run record as it lies in its bucket."""

from mlaas4hep.adapters.nats.provision import RUNS
from mlaas4hep.core import wire
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, InvalidRequestError


def read(key: str, value: bytes | None) -> Run:
    """Return the run that is written there.

    Raises:
        DamagedError: it is none, or of a release that wrote what this one does not know.
    """
    try:
        return wire.load(Run, value or b"")
    except InvalidRequestError as error:
        raise DamagedError(
            f"the record {key!r} in bucket {RUNS} of NATS cannot be read ({error}); an operator can "
            "purge it and make it again from the store with `mlaas4hep-admin rebuild`"
        ) from error
