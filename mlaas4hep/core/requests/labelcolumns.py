"""Which columns of a chunk's labels are what: labels by name, and what only the loss sees."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelColumns:
    """The columns in order; one label without a name is the usual."""

    names: tuple[str, ...] = ()  #: of several label columns; empty: there is one
    outputs: tuple[tuple[str, int], ...] = ()  #: (output of the model, how many are for it)
    beside: tuple[str, ...] = ()  #: those behind the labels, which only the loss sees

    @property
    def labels(self) -> int:
        """Return how many label columns there are."""
        return len(self.names) or 1

    @property
    def width(self) -> int:
        """Return how many columns a chunk holds."""
        return self.labels + len(self.beside)

    def only_labels(self, columns: Any) -> Any:
        """Return the labels in an array of all columns: shape (n,), or (n, labels) if there are several.

        Types of NumPy are not named here: clients know this value, and have no NumPy.
        """
        if columns.ndim == 1 or not self.beside:
            return columns
        return columns[:, : self.labels] if self.names else columns[:, 0]

    def only_beside(self, columns: Any) -> Any:
        """Return what only the loss sees, shape (n, columns), in an array of all columns."""
        return columns[:, self.labels :]
