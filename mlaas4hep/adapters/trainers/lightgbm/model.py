"""A LightGBM estimator as a `SampleModel`: boosted round by round on a binned sample.

The sample is read from the chunks twice and kept as one byte a value (five where leaves hold
linear models), so that memory stays bounded; values that are missing stay missing. A training that
resumes does the rounds before the checkpoint again, in seconds and with the same seeds: only so it
ends with the same trees.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np

from mlaas4hep.adapters.native.lightgbm import scores
from mlaas4hep.adapters.trainers import categories, onnxfile, tabular, trees
from mlaas4hep.adapters.trainers.boosted import BoostedModel
from mlaas4hep.adapters.trainers.earlystop import EarlyStop
from mlaas4hep.adapters.trainers.framework import Block, Floats, RoundMetrics, Sample, State
from mlaas4hep.adapters.trainers.lightgbm.params import (
    booster_params,
    category_columns,
    check_by_trying,
    check_two,
    is_dart,
    needs_values,
    oddities,
    patience,
    rounds,
    several,
    told,
)
from mlaas4hep.core.models.training import ModelSummary, TrainingJob

_BYTES_A_VALUE = 2.0  #: bins of training and validation, and how they are made
_LINEAR_BYTES = 10.0  #: the same, and the values
_LOSS = "loss"

Blocks = Callable[[Iterable[int] | None], Iterator[Block]]


class LightgbmModel(BoostedModel):
    """See `framework.SampleModel`."""

    file = "model.txt"

    def __init__(self, made: Any, job: TrainingJob) -> None:
        params = booster_params(made, job)
        rounds_without, least = patience(made)
        stop = EarlyStop(patience=rounds_without, least=least)
        trees.check_stops(rounds_without, "early_stopping_round", job, drops=is_dart(params))
        super().__init__(job, params, stop, classifies=isinstance(made, lightgbm.LGBMClassifier))
        self.rounds = rounds(made)
        self._categories = category_columns(made, job)
        self._about_columns = {
            "feature_name": tabular.column_names(job),
            "categorical_feature": list(self._categories),
        }
        check_by_trying(params, self._about_columns, job, classifies=self._classifies)
        self.summary = _summary(made, job, params, self.rounds)
        needed = _LINEAR_BYTES if needs_values(params) else _BYTES_A_VALUE
        tabular.check_memory(job, needed, "LightGBM", "fewer branches")

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:
        """Boost round by round, from the first one."""
        self._stop = self._stop.anew()
        parts = self._parts(sample.training, sample.chunk_count)
        self._settle_classes(parts.labels)
        train = parts.dataset(self._params, **self._about_columns)
        validating = self._parts(sample.validation, sample.chunk_count)
        with told():  # metrics of several classes, where the entries have two
            booster = lightgbm.Booster(self._params, train)
            if len(validating.labels):
                booster.add_valid(validating.dataset(self._params, reference=train), "val")
        self._booster = booster
        for number in range(self.rounds):
            booster.update()
            metrics = self._metrics(number)
            if number >= done:
                yield metrics
            if self._stop.is_over(number):
                return

    def finish(self) -> int | None:
        """Keep the trees only, up to the best round if there is one."""
        best = self._stop.kept_round
        until = None if best is None else best + 1
        text = self._booster.model_to_string(num_iteration=until)
        self._booster = lightgbm.Booster(model_str=text)
        return best

    def state(self) -> State:
        """Return the trees so far."""
        text = self._booster.model_to_string(num_iteration=-1)
        return {"trees": np.frombuffer(text.encode(), np.uint8), "best": self._stop.best()}

    def restore(self, state: State) -> None:
        """Take them; `fit` makes them again if there are rounds left."""
        self._booster = lightgbm.Booster(model_str=state["trees"].tobytes().decode())
        self._stop = self._stop.from_best(state["best"])

    def _parts(self, blocks: Blocks, chunks: int) -> "_Parts":
        """Return entries for LightGBM, whose categories are whole numbers."""
        return _Parts.of(
            blocks, chunks, lambda x: categories.check_codes(x, self._categories, self._job)
        )

    def _settle_classes(self, labels: Floats) -> None:
        """Say how many classes there are, now that the labels are known."""
        if self._classifies:
            classes = tabular.class_count(labels)
            check_two(self._params, classes)
            self._params = several(self._params, classes)

    def _metrics(self, number: int) -> RoundMetrics:
        found: RoundMetrics = {}
        for prefix, figures in (
            ("", self._booster.eval_train()),
            ("val_", self._booster.eval_valid()),
        ):
            for at, (_, metric, value, higher) in enumerate(figures):
                is_loss = f"{prefix}{_LOSS}" not in found and not higher
                found[f"{prefix}{_LOSS if is_loss else metric}"] = float(value)
                if prefix and at == 0:  # the first metric counts
                    self._stop = self._stop.after(number, value, higher_is_better=higher)
        return found

    def _outputs(self, x: Floats) -> Floats:
        return scores(self._booster, x)

    def _converted(self) -> Any:
        from onnxmltools.convert import convert_lightgbm  # noqa: PLC0415 - only with the extra
        from onnxmltools.convert.common.data_types import FloatTensorType  # noqa: PLC0415

        if needs_values(self._params):
            raise ValueError("leaves that hold linear models have no converter")
        kind = FloatTensorType([None, self._job.columns])
        model = convert_lightgbm(self._booster, initial_types=[("input", kind)], zipmap=False)
        if not self._classifies:
            return model
        return onnxfile.scores_only(model, 1 if "num_class" not in self._params else None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """The chunks of a sample, and what LightGBM wants to know of all of them first."""

    blocks: Blocks
    rows: tuple[int, ...]  #: of each chunk
    labels: Floats
    weights: Floats | None

    @classmethod
    def of(cls, blocks: Blocks, parts: int, check: Callable[[Floats], None]) -> "_Parts":
        rows: list[int] = []
        labels: list[Floats] = [np.empty(0, np.float32)]
        weights: list[Floats] = []
        for part in range(parts):
            found = 0
            for block in blocks([part]):
                y, weight = tabular.answers(block)
                check(block.x)
                labels.append(y)
                weights += [] if weight is None else [weight]
                found += len(y)
            rows.append(found)
        return cls(
            blocks=blocks,
            rows=tuple(rows),
            labels=np.concatenate(labels),
            weights=np.concatenate(weights) if weights else None,
        )

    def dataset(self, params: dict[str, Any], **how: Any) -> Any:
        """Return LightGBM's data, which reads the chunks when it is used first."""
        found = lightgbm.Dataset(
            _Rows(self), label=self.labels, weight=self.weights, params=params, **how
        )
        if self.weights is not None and "reference" in how:
            # Weights that are all 1 are left away by `Dataset`, and beside a reference that has
            # some they would then be 0.
            found.construct().set_field("weight", self.weights)
        return found


class _Rows(lightgbm.Sequence):
    """The rows of all chunks, read when they are asked for; the last chunk is kept.

    One sequence and not one a chunk: of several, LightGBM puts the values that linear models are
    made of into the rows of the first.
    """

    batch_size = 4096

    def __init__(self, parts: _Parts) -> None:
        self._parts = parts
        self._ends = np.cumsum(parts.rows)
        self._part = -1
        self._kept: Floats = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._row(int(index))
        start, stop, _ = index.indices(len(self))
        found: list[Floats] = []
        while start < stop:
            rows, place = self._chunk_of(start)
            found.append(rows[place : place + stop - start])
            start += len(found[-1])
        return np.concatenate(found).astype(np.float64)

    def _row(self, number: int) -> Any:
        rows, place = self._chunk_of(number)
        return rows[place].astype(np.float64)

    def _chunk_of(self, number: int) -> tuple[Floats, int]:
        """Return the rows of the chunk that has a row, and its place there."""
        part = int(np.searchsorted(self._ends, number, side="right"))
        if part != self._part:
            (block,) = self._parts.blocks([part])
            self._part, self._kept = part, block.x[block.order]
        return self._kept, number - int(self._ends[part] - self._parts.rows[part])


def _summary(made: Any, job: TrainingJob, params: dict[str, Any], rounds: int) -> ModelSummary:
    classifies = isinstance(made, lightgbm.LGBMClassifier)
    classes = tabular.known_classes(job)
    is_several = classifies and classes > 2  # noqa: PLR2004 - told by one number
    return ModelSummary(
        parameters=0,
        layers=(f"{type(made).__name__}: {rounds} trees",),
        input_width=job.columns,
        output_shape=(classes if is_several else 1,),
        loss="multiclass" if is_several else params["objective"],
        task="multiclass" if is_several else "binary" if classifies else "regression",
        warnings=(*oddities(params), *(tabular.sampled_gap(job) if classifies else ())),
    )
