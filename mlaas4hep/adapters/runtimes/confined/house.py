"""What the models of one engine share."""

from dataclasses import dataclass

from mlaas4hep.adapters.children.start import IDLE_SECONDS
from mlaas4hep.adapters.runtimes.confined.allowance import Allowance
from mlaas4hep.adapters.runtimes.confined.overruns import Overruns
from mlaas4hep.adapters.runtimes.confined.slots import Slots


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What the models of one engine share."""

    allowance: Allowance
    places: Slots
    overruns: Overruns
    demand: str = "any"  #: one of `levels.DEMANDS`
    prepared_seconds: float = IDLE_SECONDS  #: see `children.start.start`
