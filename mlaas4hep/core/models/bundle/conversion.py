"""A trained model in another format, and how well it agrees with the one that was trained."""

from dataclasses import dataclass
from typing import Literal

Missing = Literal["zero", "nan"]  #: what a model reads where there is no value


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """A file of the bundle that was converted, and compared with the model on real entries."""

    file: str  #: such as "model.onnx"
    difference: float  #: the largest one found, relative to the larger of 1 and the output
    tolerance: float  #: the largest one that is allowed
