"""From a bundle in the store to what runs it."""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cachetools import LRUCache

from mlaas4hep.adapters.children.start import IDLE_SECONDS
from mlaas4hep.adapters.runtimes.confined.allowance import ALLOWANCES, Allowance
from mlaas4hep.adapters.runtimes.confined.overruns import Overruns
from mlaas4hep.adapters.runtimes.confined.slots import Slots
from mlaas4hep.core import keys
from mlaas4hep.core.models.bundle import kinds
from mlaas4hep.core.models.bundle.served import served_file
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import ObjectStore, Runtime

if TYPE_CHECKING:
    from mlaas4hep.adapters.runtimes.confined.runtime import ConfinedRuntime

_REMEMBERED = 10_000
_REHEARSAL = "rehearsal"  #: the engine that only tries a file out


class Runtimes:
    """Loads bundles; each runtime is imported only when a model needs it."""

    def __init__(
        self,
        allowances: Mapping[str, Allowance] = ALLOWANCES,
        *,
        demand: str = "any",
        prepared_seconds: float = IDLE_SECONDS,
    ) -> None:
        """Set limits.

        Args:
            allowances: of each engine.
            demand: how much a model is confined at least, one of `levels.DEMANDS`.
            prepared_seconds: how long a process with its framework imported waits for the next
                model; 0: each model imports it.
        """
        self._prepared_seconds = prepared_seconds
        self._allowances = {**ALLOWANCES, **allowances}
        self._demand = demand
        self._overruns = Overruns()
        self._rehearsed: LRUCache[bytes, bool] = LRUCache(_REMEMBERED)  #: files that did no harm
        self._places = {
            allowance: Slots(
                allowance.children,
                allowance.children_of_owner,
                allowance.fair_load_s,
                run_s=allowance.fair_run_s,
            )
            for allowance in set(self._allowances.values())
        }

    def prepare(self) -> None:
        """Begin to prepare what tries out `.tflite` files, so that the first one need not wait for it."""
        from mlaas4hep.adapters.runtimes.confined import process  # noqa: PLC0415 - see the class

        process.prepare(_REHEARSAL, self._prepared_seconds)

    def load(self, store: ObjectStore, record: ModelRecord) -> Runtime:
        """Return the loaded model.

        Raises:
            InvalidRequestError: the bundle holds nothing that can be loaded, or it is broken.
            ServiceUnavailableError: it took too long, or there is no room for it now.
        """
        found = served_file(record)
        if found is None:
            raise InvalidRequestError(
                f"model {record.name!r} holds no file that can be loaded",
                stage="predict",
                hint=kinds.HOW,
            )
        file, kind = found
        confined = partial(self._confined, store, record, file, kind)
        if record.folds:
            from mlaas4hep.adapters.runtimes.folded import FoldedRuntime  # noqa: PLC0415 - few

            return FoldedRuntime(confined())
        if kind.engine != "litert":
            return confined()
        from mlaas4hep.adapters.runtimes.litert.runtime import bounded_runtime  # noqa: PLC0415 - see the class

        content = store.get(keys.model_file(record.owner, record.name, record.version, file))
        digest = hashlib.sha256(content).digest()
        if digest not in self._rehearsed:
            self._confined(store, record, file, replace(kind, engine=_REHEARSAL)).close()
            self._rehearsed[digest] = True
        return bounded_runtime(content) or confined()

    def _confined(
        self, store: ObjectStore, record: ModelRecord, file: str, kind: kinds.ModelKind
    ) -> "ConfinedRuntime":
        from mlaas4hep.adapters.runtimes.confined.house import House  # noqa: PLC0415 - the same
        from mlaas4hep.adapters.runtimes.confined.runtime import (  # noqa: PLC0415 - the same
            confined_runtime,
        )

        allowance = self._allowances[kind.engine]
        house = House(
            allowance=allowance,
            places=self._places[allowance],
            overruns=self._overruns,
            demand=self._demand,
            prepared_seconds=self._prepared_seconds,
        )
        return confined_runtime(store, record, file, kind, house)
