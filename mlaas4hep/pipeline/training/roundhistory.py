"""The figures of each round, stored while the training goes on."""

import json
from contextlib import suppress

from mlaas4hep.core.models.training import RoundEnded
from mlaas4hep.core.runs import files
from mlaas4hep.errors import NotFoundError
from mlaas4hep.ports import Services
from mlaas4hep.ports.runs import Confirm

_GAP_S = 1.0  #: least time between two writes while rounds end one after the other


class RoundHistory:
    """One run's history, as `GET /runs/NAME/history` shows it: one object a round."""

    def __init__(
        self, owner: str, run: str, services: Services, confirm: Confirm = lambda: None
    ) -> None:
        """Take the run, and what confirms before each write that nobody else wrote since."""
        self._confirm = confirm
        self._key = files.key(owner, run, files.HISTORY)
        self._store = services.runs_files
        self._rounds: list[dict[str, float | None]] = []
        self._is_stored = True
        self._clock = services.clock
        self._stored_at = float("-inf")

    def resume(self, rounds: int) -> None:
        """Go on after so many rounds of an earlier delivery; 0 begins anew."""
        if rounds:
            with suppress(NotFoundError, ValueError):
                self._rounds = json.loads(self._store.get(self._key))[:rounds]
        self._is_stored = False

    def add(self, ended: RoundEnded) -> None:
        """Take the figures of a round, for all to see; what is no number is null."""
        figures = dict(reversed(tuple(dict(reversed(ended.metrics)).items())))
        self._rounds.append(
            {name: value if abs(value) < float("inf") else None for name, value in figures.items()}
        )
        self._is_stored = False
        if not 0 <= self._clock() - self._stored_at < _GAP_S:  # less than 0: it was put back
            self.store()

    def store(self) -> None:
        """Store what is new."""
        if not self._is_stored:
            self._confirm()
            self._store.put(self._key, json.dumps(self._rounds).encode())
            self._is_stored = True
            self._stored_at = self._clock()
