"""What the network is to learn: a number for each file, or one computed from branches."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Labels:
    """Either `values` (one a file) or `expression` (over branches) is set, never both.

    A single branch name in labels.txt is an expression of one name.
    """

    values: tuple[float, ...] = ()  #: in the order of files; class indices when `classes` is set
    classes: tuple[str, ...] = ()  #: class names, sorted; the index is the label
    expression: str = ""
