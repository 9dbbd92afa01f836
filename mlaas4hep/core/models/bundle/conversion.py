"""A trained model in another format, and how well it agrees with the one that was trained."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Missing = Literal["zero", "nan"]  #: what a model reads where there is no value
NOT_INSTALLED = "the extra `onnx` is not installed"  #: a reason that is no fault of a model


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A file of the bundle that was converted, and compared with the model on real entries."""

    file: str  #: such as "model.onnx"
    difference: float  #: the largest one found, relative to the larger of 1 and the output
    tolerance: float  #: the largest one that is allowed

    @property
    def agrees(self) -> bool:
        """Tell whether the file gives what the model gives; not if the difference is NaN."""
        return self.difference <= self.tolerance


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMade:
    """A file that a bundle might have and has not, and why."""

    file: str
    reason: str  #: one line


Converted = Conversion | NotMade


def failures(not_made: Iterable[NotMade]) -> tuple[str, ...]:
    """Return what did not convert, and why, once for models of folds that fail alike."""
    found = (each for each in not_made if each.reason != NOT_INSTALLED)
    sentences = (f"no {each.file.rpartition('/')[2]}: {each.reason}" for each in found)
    return tuple(dict.fromkeys(sentences))
