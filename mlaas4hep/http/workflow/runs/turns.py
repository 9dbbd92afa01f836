"""Submissions of one person one after the other, and the same one only once.

What is checked before a run is made (its owner's quota, whether the same call came before) holds
until it is made. The turn is this process's: two replicas may each let one more through.
"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from weakref import WeakValueDictionary

from mlaas4hep.core import keys
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ConflictError, InvalidRequestError, NotFoundError
from mlaas4hep.http.route import Arg
from mlaas4hep.ports import Services

HEADER = "Idempotency-Key"
_LONGEST = 256
_FOLDER = "requests"  #: beside the runs of an owner: which call made which run
KEY = Arg(
    name=HEADER,
    about="A text of your own; a call that is repeated with it makes no second run.",
    schema={"type": "string", "minLength": 1, "maxLength": _LONGEST},
    is_header=True,
)


class Turns:
    """One lock for each owner who submits now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: WeakValueDictionary[str, _Turn] = WeakValueDictionary()

    @contextmanager
    def of(self, owner: str) -> Iterator[None]:
        """Wait for the owner's other submissions to be done."""
        with self._lock:
            turn = self._turns.get(owner)
            if turn is None:
                turn = self._turns[owner] = _Turn()
        with turn.lock:
            yield


class _Turn:
    def __init__(self) -> None:
        self.lock = threading.Lock()


def once(
    make: Callable[[], Run], owner: str, repeat_key: str | None, body: bytes, services: Services
) -> Run:
    """Return the run that `make` makes, or the one that the same call made before.

    Raises:
        ConflictError: another call had this key.
        InvalidRequestError: the key is empty or too long.
    """
    if repeat_key is None:
        return make()
    if not 0 < len(repeat_key) <= _LONGEST:
        raise InvalidRequestError(f"{HEADER} is empty or has over {_LONGEST} characters")
    where = keys.run(owner, _FOLDER, keys.digest(repeat_key))
    sent = hashlib.sha256(body).hexdigest()
    try:
        known = json.loads(services.runs_files.get(where))
    except NotFoundError:
        run = make()
        services.runs_files.put(where, json.dumps({"body": sent, "run": run.name}).encode())
        return run
    if known["body"] != sent:
        raise ConflictError(
            f"another request had this {HEADER}; it made run {known['run']!r}",
            hint="take a new key for each request",
        )
    return services.runs.get(owner, known["run"])
