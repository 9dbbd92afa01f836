"""What params.json says about weights of entries."""

from dataclasses import dataclass
from typing import Final, Literal

Negative = Literal["keep", "abs", "drop"]
Norm = Literal["none", "xsec"]
Balance = Literal["none", "classes"]
BALANCED: Final = "balanced"
ClassWeight = tuple[tuple[str, float], ...] | Literal["balanced"]  #: (class, factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class PerFile:
    """A number for each file: by the lines of files.txt, or by patterns of names."""

    by_line: tuple[float, ...] = ()
    by_name: tuple[tuple[str, float], ...] = ()  #: (pattern, number); the first that matches

    def __bool__(self) -> bool:
        return bool(self.by_line or self.by_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighting:
    """What params.json says about weights; the default is that all entries count alike."""

    expression: str = ""  #: over branches, never features then
    numbers: PerFile = PerFile()
    xsec: PerFile = PerFile()  #: cross sections; files of one line or pattern are one sample
    norm: Norm = "none"
    luminosity: float = 1.0  #: in the inverse unit of the cross sections
    negative: Negative = "keep"
    balance: Balance = "none"
    class_weight: ClassWeight = ()  #: as `fit(class_weight=)`: in the loss of what is learned from
    per_file: bool = False  #: files carry numbers, which `requests.weighing` looked up

    @property
    def is_stored(self) -> bool:
        """Tell whether chunks hold weights."""
        return bool(self.expression) or self.per_file or self.norm == "xsec"

    @property
    def is_measured(self) -> bool:
        """Tell whether sums of weights must be known, which the specs measure."""
        return self.is_stored or self.balance == "classes" or self.class_weight == BALANCED

    @property
    def factors_of_classes(self) -> tuple[tuple[str, float], ...]:
        """Return the factors that the person says."""
        return () if self.class_weight == BALANCED else self.class_weight

    @property
    def is_used(self) -> bool:
        """Tell whether entries count differently in the training."""
        return self.is_measured or bool(self.class_weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingWeights:
    """What a training makes of the weights in its chunks."""

    is_used: bool = False  #: False: no entry has a weight
    negative: Negative = "keep"
    scale: float = 1.0  #: of all; brings normalised weights to a mean of 1, where losses are tame
    classes: tuple[tuple[float, float], ...] = ()  #: (label, factor)
    learned: tuple[tuple[float, float], ...] = ()  #: the same, only where something is learned
