"""Some rows of a block as tensors, as a module and its loss take them."""

from dataclasses import dataclass
from typing import Any

import torch

from mlaas4hep.adapters.native.torch import element_type, place_of
from mlaas4hep.adapters.trainers.framework import Block, Floats
from mlaas4hep.adapters.trainers.torch.targets.joint import Learned
from mlaas4hep.core.models.sample.split import Index
from mlaas4hep.core.requests.labelcolumns import LabelColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows that are learned from, or tested, in one go."""

    inputs: Any  #: shape (n, columns)
    labels: Floats  #: as numbers: shape (n,), or (n, labels) if there are several
    shaped: Any  #: labels as the loss compares them
    weights: Any = None  #: shape (n,); None: all count alike
    beside: Any = None  #: shape (n, columns): `loss_columns`; None: there are none

    @classmethod
    def of(
        cls, block: Block, rows: Index, module: Any, learned: Learned, columns: LabelColumns
    ) -> "Batch":
        """Take rows to where the module lies, as numbers of its type."""
        kind, place = element_type(module), place_of(module)
        known = block.y[rows]
        labels = columns.only_labels(known)

        def moved(values: Floats) -> Any:
            return torch.from_numpy(values).to(place, kind)

        return cls(
            inputs=moved(block.x[rows]),
            labels=labels,
            shaped=learned.shaped(labels, kind, place),
            weights=None if block.weights is None else moved(block.weights[rows]),
            beside=moved(columns.only_beside(known)) if columns.beside else None,
        )

    def loss(self, learned: Learned, outputs: Any) -> Any:
        """Return the loss of outputs as one number."""
        return learned(outputs, self.shaped, self.weights, self.beside)
