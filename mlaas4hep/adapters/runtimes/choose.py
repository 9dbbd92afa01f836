"""From a bundle in the store to what runs it."""

from collections.abc import Mapping
from functools import partial

from mlaas4hep.adapters.children.start import IDLE_SECONDS
from mlaas4hep.adapters.runtimes.confined.allowance import ALLOWANCES, Allowance
from mlaas4hep.adapters.runtimes.confined.overruns import Overruns
from mlaas4hep.adapters.runtimes.confined.slots import Slots
from mlaas4hep.adapters.runtimes.folded import FoldedRuntime
from mlaas4hep.core import keys
from mlaas4hep.core.models.bundle import kinds
from mlaas4hep.core.models.bundle.served import served_file
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import ObjectStore, Runtime


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
        self._allowances = allowances
        self._demand = demand
        self._overruns = Overruns()
        self._places = {
            allowance: Slots(allowance.children, allowance.children_of_owner, allowance.fair_load_s)
            for allowance in set(allowances.values())
        }

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
            return FoldedRuntime(confined())
        if kind.engine != "litert":
            return confined()
        from mlaas4hep.adapters.runtimes.litert.runtime import bounded_runtime  # noqa: PLC0415 - see the class

        key = keys.model_file(record.owner, record.name, record.version, file)
        return bounded_runtime(store.get(key)) or confined()

    def _confined(
        self, store: ObjectStore, record: ModelRecord, file: str, kind: kinds.ModelKind
    ) -> Runtime:
        from mlaas4hep.adapters.runtimes.confined.runtime import (  # noqa: PLC0415 - the same
            House,
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
