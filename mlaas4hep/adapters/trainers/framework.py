"""What a framework must do so that model.py may use it; `child` knows nothing else about it.

To add one: a row in `core/requests/frameworks.py`, a folder here whose `framework.py` has a
`FRAMEWORK` that is a `Framework`, an extra, and a class in `tests/adapters/trainers/frameworks`
that inherits `FrameworkContract`.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.planning.parts import Parts
from mlaas4hep.core.models.bundle.conversion import Conversion, Converted, Missing, NotMade
from mlaas4hep.core.models.sample.split import Index
from mlaas4hep.core.models.training import ModelSummary, TrainingJob, Versions

Floats = NDArray[np.float32]
State = Mapping[str, NDArray[Any]]
RoundMetrics = dict[str, float]  #: of one round: "loss", "val_loss", "accuracy" …


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Entries that are used in one go: the rows `order` of the arrays, in that order."""

    x: Floats  #: shape (n, columns)
    y: Floats  #: shape (n,): labels as numbers; (n, columns) if there are several, or `loss_columns`
    order: Index
    weights: Floats | None = None  #: shape (n,); None: all count alike
    folds: Parts | None = None  #: shape (n,): of several models, which one predicts a row


class Sample(Protocol):
    """All entries of a training, one block in memory at a time; may be read more than once.

    Each iterator must be read to its end: the next chunk is on its way already.
    """

    chunk_count: int

    def training(self, indices: Iterable[int] | None = None) -> Iterator[Block]:
        """Yield the entries that are learned from: one block a chunk, of these chunks or of all."""

    def validation(self, indices: Iterable[int] | None = None) -> Iterator[Block]:
        """Yield the entries that validate in the same way; none if the request wants none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What was written into the folder of the bundle."""

    input_node: str = ""  #: of a SavedModel's serving signature
    output_node: str = ""
    conversions: tuple[Conversion, ...] = ()  #: checked against the model on real entries
    not_made: tuple[NotMade, ...] = ()

    @classmethod
    def of(cls, *found: Converted, input_node: str = "", output_node: str = "") -> "Export":
        """Return what was made of some conversions."""
        return cls(
            input_node=input_node,
            output_node=output_node,
            conversions=tuple(each for each in found if isinstance(each, Conversion)),
            not_made=tuple(each for each in found if isinstance(each, NotMade)),
        )


class Model(Protocol):
    """A model that fits the data. Frameworks have one of the two kinds below."""

    summary: ModelSummary
    missing: Missing  #: what it reads where there is no value

    def check_labels(self, labels: Floats) -> None:
        """Refuse labels, shape (n,) or (n, columns), all finite, that the loss cannot compare.

        Raises:
            TrainingError: names the first label that does not fit.
        """

    def predict(self, block: Block) -> Floats:
        """Return the outputs for the block's rows, shape (n, outputs)."""

    def finish(self) -> int | None:
        """Do what is left to do after the last round, before the model is used.

        Returns:
            The round, counted from 0, whose weights came back; None: those of the last one stay.
        """

    def state(self) -> State:
        """Return all that a training needs to go on with the same bits, as plain arrays."""

    def restore(self, state: State) -> None:
        """Become what `state` was taken from.

        Raises:
            ValueError, KeyError: it was taken from another model; nothing has changed.
        """

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write the files that others serve into an empty folder.

        Args:
            folder: of the bundle.
            sample: real entries, shape (n, columns), on which every conversion must agree.
        """


@runtime_checkable
class BlockModel(Model, Protocol):
    """Learns block by block, as often as it is told to."""

    def learn(self, block: Block) -> None:
        """Learn from the block's rows, in batches in their order."""

    def test(self, block: Block) -> None:
        """Compare the predictions for the block's rows with their labels; learn nothing."""

    def metrics(self) -> RoundMetrics:
        """Return loss and metrics over all that was learned or tested since the last call."""

    def end_round(self, number: int, metrics: RoundMetrics) -> bool:
        """Act on the metrics of a round that ended; return whether training goes on."""


@runtime_checkable
class SampleModel(Model, Protocol):
    """Needs the whole sample for each of its rounds, which are its own."""

    rounds: int  #: at most

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:
        """Do the rounds that are not done yet; yield the metrics of each."""


class Framework(Protocol):
    """Makes `Model`s out of what model.py returns."""

    def running(self, seed: int) -> AbstractContextManager[None]:
        """Seed every random choice, and give model.py what it may rely on while it runs."""

    def owns(self, made: object) -> bool:
        """Tell whether `made` is a model of this framework."""

    def build(
        self, made: Any, job: TrainingJob, defined: Mapping[str, Any]
    ) -> BlockModel | SampleModel:
        """Return the model that `model(idim)` of a model.py made, checked against the data.

        Args:
            made: what it returned.
            job: what the training is told.
            defined: all that model.py defines, by name: a loss, callbacks …

        Raises:
            TrainingError: it is no model of this framework, or does not fit the data.
        """

    def versions(self) -> Versions:
        """Return the packages that train, with their versions."""


@runtime_checkable
class Ageing(Protocol):
    """A framework that can build otherwise: as an earlier release, or on one device of several."""

    def older(self, error: BaseException, seed: int) -> bool:
        """Build otherwise from now on, if that may help against what model.py raised; tell whether."""
