"""How many confined processes may live at once, and how they are shared between owners."""

import math
import threading
import time
import weakref
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from mlaas4hep.errors import ServiceUnavailableError

_PATIENCE_S = 5.0
_LOOK_S = 0.25  #: between two looks at what only time changes
HELD_S = 10.0  #: that a place is kept at least once its model is loaded, whoever waits


class Tenant(Protocol):
    """What holds a place."""

    owner: str
    asked_at: float | None  #: when the batch came that is being predicted

    @property
    def is_proven(self) -> bool:
        """Tell whether it answered before, in time, and no model of its owner overran lately."""

    def rest(self) -> bool:
        """Give the place back if nothing is being predicted, and say so."""

    def give_up(self) -> None:
        """End what it does, as others wait and it has had its share of time; return at once."""


@dataclass(slots=True)
class _Place:
    """A place that is taken."""

    tenant: "weakref.ref[Tenant]"
    since: float  #: when it was taken, then when its model was loaded
    is_loading: bool = True


class Slots:
    """The one that was idle for longest makes room: of the same owner if that owner has enough.

    Where nobody is idle, whoever holds least comes first. For an owner without any place a load or
    a batch of unknown length that has had its share of time ends, and a model that is predicting
    leaves after its batch. One place is never given to models of which nobody knows how long they
    take: those that are known do not wait for them.
    """

    def __init__(
        self,
        places: int,
        for_owner: int,
        load_s: float,
        *,
        run_s: float = math.inf,
        patience_s: float = _PATIENCE_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take how many places there are.

        Args:
            places: at once.
            for_owner: of them, for one owner.
            load_s: that a model may take to be loaded while an owner without a place waits.
            run_s: that a model that is not proven may take for a batch meanwhile.
            patience_s: that a load waits for a place, besides the time that another load may take.
            clock: tells the seconds.
        """
        self._places = places
        self._for_owner = for_owner
        self._load_s = load_s
        self._run_s = run_s
        self._patience_s = patience_s
        self._clock = clock
        self._changed = threading.Condition()
        self._taken: list[_Place] = []  #: the one that was used last behind all others
        self._waiting: list[Tenant] = []  #: in the order in which they came

    def take(self, tenant: Tenant) -> None:
        """Give `tenant` a place to be loaded in, for which idle ones may have to rest.

        Raises:
            ServiceUnavailableError: those that hold the places all have something to do.
        """
        with self._changed:
            self._waiting.append(tenant)
            try:
                self._wait(tenant)
                self._taken.append(_Place(weakref.ref(tenant), self._clock()))
            finally:
                self._waiting.remove(tenant)
                self._changed.notify_all()

    def free(self, tenant: Tenant) -> None:
        """Take the place of a tenant back."""
        with self._changed:
            self._taken = [each for each in self._taken if each.tenant() not in (None, tenant)]
            self._changed.notify_all()

    def loaded(self, tenant: Tenant) -> None:
        """Note that `tenant` has been loaded."""
        with self._changed:
            for each in self._taken:
                if each.tenant() is tenant:
                    each.is_loading, each.since = False, self._clock()
            self._changed.notify_all()

    def idle(self, tenant: Tenant) -> None:
        """Note that `tenant` has nothing to do now: it was used last."""
        with self._changed:
            self._taken.sort(key=lambda place: place.tenant() is tenant)
            self._changed.notify_all()

    def is_wanted(self, tenant: Tenant) -> bool:
        """Tell whether `tenant` has to leave after its batch, for an owner without a place."""
        if not self._waiting:  # looked at without the lock, after each batch
            return False
        with self._changed:
            if not self._waiting:
                return False
            alive, held = self._alive(), self._held()
            first = min(self._waiting, key=self._share)
            is_in_the_way = (
                not tenant.is_proven if self._is_held_back(first) else len(alive) >= self._places
            )
            since = min((each.since for each in alive if each.tenant() is tenant), default=0.0)
            return (
                not self._share(first)
                and is_in_the_way
                and (held[tenant.owner] > 1 or self._clock() - since >= HELD_S)
            )

    def _wait(self, tenant: Tenant) -> None:
        until = self._clock() + self._patience_s + self._load_s
        while not self._has_room(tenant):
            left_s = until - self._clock()
            if left_s <= 0:
                raise ServiceUnavailableError(
                    "all processes for models of this kind are predicting",
                    stage="predict",
                    hint=f"one owner may use {self._for_owner} of {self._places}; try again",
                )
            self._changed.wait(min(left_s, _LOOK_S))

    def _alive(self) -> list[_Place]:
        self._taken = [each for each in self._taken if each.tenant() is not None]
        return self._taken

    def _held(self) -> Counter[str]:
        """Return how many places each owner holds."""
        return Counter(each.owner for place in self._alive() if (each := place.tenant()))

    def _has_room(self, tenant: Tenant) -> bool:
        self._taken = [each for each in self._taken if each.tenant() is not tenant]
        alive, held = self._alive(), self._held()
        if held[tenant.owner] >= self._for_owner:
            return self._made_room([each for each in alive if _owner(each) == tenant.owner])
        if self._is_after_others(tenant):
            return False
        crowd = _unknown(alive) if self._is_held_back(tenant) else alive
        if (crowd is alive and len(alive) < self._places) or self._made_room(crowd):
            return True
        if not self._share(tenant):
            self._end_late(crowd)
        return not self._is_held_back(tenant) and len(self._alive()) < self._places

    def _is_held_back(self, tenant: Tenant) -> bool:
        """Tell whether as many models of unknown time hold places as may."""
        return not tenant.is_proven and len(_unknown(self._alive())) >= max(1, self._places - 1)

    def _share(self, tenant: Tenant) -> int:
        """Return how many places its owner holds, for an unknown model with unknown ones."""
        alive = self._alive()
        places = alive if tenant.is_proven else _unknown(alive)
        return sum(_owner(each) == tenant.owner for each in places)

    def _is_after_others(self, tenant: Tenant) -> bool:
        """Tell whether somebody waits who holds less, or as much and for longer."""
        mine = self._share(tenant), self._waiting.index(tenant)
        return any(
            (self._share(each), place) < mine
            for place, each in enumerate(self._waiting)
            if each.owner != tenant.owner and not self._is_held_back(each)
        )

    def _end_late(self, crowd: list[_Place]) -> None:
        """End the load or the batch that has had its share of time, and most of it."""
        late = [(since, place) for place in crowd if (since := self._late_since(place)) is not None]
        found = min(late, key=itemgetter(0))[1].tenant() if late else None
        if found is not None:
            found.give_up()

    def _late_since(self, place: _Place) -> float | None:
        """Return since when a place is used, for longer than its share; None: it is not."""
        tenant = place.tenant()
        if tenant is None:
            return None
        if place.is_loading:
            since, share_s = place.since, self._load_s
        elif tenant.asked_at is not None and not tenant.is_proven:
            since, share_s = tenant.asked_at, self._run_s
        else:
            return None
        return since if self._clock() - since >= share_s else None

    def _made_room(self, candidates: list[_Place]) -> bool:
        for each in candidates:
            tenant = each.tenant()
            if tenant is not None and tenant.rest():
                self._taken = [place for place in self._taken if place is not each]
                return True
        return False


def _unknown(places: list[_Place]) -> list[_Place]:
    """Return those of models that never answered in time."""
    return [place for place in places if (each := place.tenant()) and not each.is_proven]


def _owner(place: _Place) -> str:
    tenant = place.tenant()
    return tenant.owner if tenant else ""
