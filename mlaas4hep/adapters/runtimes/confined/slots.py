"""How many confined processes may live at once, and how many of one owner."""

import threading
import time
import weakref
from typing import Protocol

from mlaas4hep.errors import ServiceUnavailableError

_PATIENCE_S = 5.0


class Tenant(Protocol):
    """What holds a place."""

    owner: str

    def rest(self) -> bool:
        """Give the place back if nothing is being predicted, and say so."""


class Slots:
    """The one that was idle for longest makes room: of the same owner if that owner has enough."""

    def __init__(self, places: int, for_owner: int, patience_s: float = _PATIENCE_S) -> None:
        self._places = places
        self._for_owner = for_owner
        self._patience_s = patience_s
        self._changed = threading.Condition()
        self._taken: list[weakref.ref[Tenant]] = []

    def take(self, tenant: Tenant) -> None:
        """Give `tenant` a place, for which idle ones may have to rest.

        Raises:
            ServiceUnavailableError: those that hold the places all have something to do.
        """
        until = time.monotonic() + self._patience_s
        with self._changed:
            while not self._has_room(tenant):
                if not self._changed.wait(until - time.monotonic()):
                    raise ServiceUnavailableError(
                        "all processes for models of this kind are predicting",
                        stage="predict",
                        hint=f"one owner may use {self._for_owner} of {self._places}; try again",
                    )
            self._taken.append(weakref.ref(tenant))

    def free(self, tenant: Tenant) -> None:
        """Take the place of a tenant back."""
        with self._changed:
            self._taken = [ref for ref in self._taken if ref() not in (None, tenant)]
            self._changed.notify_all()

    def idle(self, tenant: Tenant) -> None:
        """Note that `tenant` has nothing to do now: it was used last."""
        with self._changed:
            mine = [ref for ref in self._taken if ref() is tenant]
            if mine:
                self._taken = [ref for ref in self._taken if ref() is not tenant] + mine
            self._changed.notify_all()

    def _has_room(self, tenant: Tenant) -> bool:
        self._taken = [ref for ref in self._taken if ref() not in (None, tenant)]
        alive = [each for ref in self._taken if (each := ref())]
        mine = [each for each in alive if each.owner == tenant.owner]
        if len(mine) >= self._for_owner:
            return self._made_room(mine)
        return len(alive) < self._places or self._made_room(alive)

    def _made_room(self, candidates: list[Tenant]) -> bool:
        for each in candidates:
            if each.rest():
                self._taken = [ref for ref in self._taken if ref() is not each]
                return True
        return False
