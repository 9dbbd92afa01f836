"""contract.json: all that is needed to serve a model on raw entries exactly as it was trained."""

from dataclasses import dataclass

from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.bundle.conversion import Conversion, Missing, NotMade
from mlaas4hep.core.models.bundle.folding import Folding
from mlaas4hep.core.models.bundle.gap import Gap
from mlaas4hep.core.models.goals import Goal, names_of
from mlaas4hep.core.requests.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The training transform and where it came from; travels inside the bundle."""

    model: str  #: name, such as "luca_1"
    version: str
    columns: tuple[str, ...]  #: inputs of the network, in order
    specs: Specs  #: ranges and widths that shape and normalise
    identifiers: tuple[str, ...]  #: never features
    preproc: str = ""  #: the text of preproc.json
    classes: tuple[str, ...] = ()  #: class names when the labels were names
    task: Task = "other"
    positive: str = ""  #: the class that a single score is for; empty: there is no such score
    outputs: tuple[tuple[str, int], ...] = ()  #: (name, numbers) of several outputs, in order
    goals: tuple[Goal, ...] = ()  #: what the numbers are for, of several labels
    missing: Missing = "zero"  #: what the model reads where there is no value
    folding: Folding | None = None  #: how one of several models is chosen; None: there is one
    gaps: tuple[Gap, ...] = ()  #: branches that files of the training lacked, and that were filled
    conversions: tuple[Conversion, ...] = ()
    not_made: tuple[NotMade, ...] = ()  #: files that other tools read
    inputs: tuple[tuple[str, str], ...] = ()  #: (file as written, identity hash)
    specs_digest: str = ""  #: the same for the same data, cuts and rules
    code: str = ""  #: SHA-256 of model.py and of the files that it may import and read
    versions: tuple[tuple[str, str], ...] = ()  #: (package, version) that trained it
    metrics: tuple[tuple[str, float], ...] = ()
    isolation: tuple[str, ...] = ()  #: what confined model.py
    schema_version: int = 1

    def names_of(self, output: str) -> tuple[str, ...]:
        """Return a name for each number of one of several outputs."""
        start = 0
        for name, width in self.outputs:
            if name == output:
                return self.names[start : start + width]
            start += width
        return ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return a name for each number of an answer, all outputs behind each other; () if unknown."""
        if not self.outputs:
            return names_of(self.goals) or self.classes
        named = {
            goal.start + place: name for goal in self.goals for place, name in enumerate(goal.names)
        }
        usual = (
            name if width == 1 else f"{name}_{place}"
            for name, width in self.outputs
            for place in range(width)
        )
        return tuple(named.get(number, name) for number, name in enumerate(usual))
