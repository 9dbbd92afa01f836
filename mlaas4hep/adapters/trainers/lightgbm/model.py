"""A LightGBM estimator as a `SampleModel`: boosted round by round on a binned sample.

The sample is read from the chunks twice and kept as one byte a value, so that memory stays
bounded; values that are missing stay missing. A training that resumes does the rounds before the
checkpoint again, in seconds and with the same seeds: only so it ends with the same trees.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np

from mlaas4hep.adapters.native.lightgbm import scores
from mlaas4hep.adapters.trainers import onnxfile, tabular, trees
from mlaas4hep.adapters.trainers.earlystop import EarlyStop
from mlaas4hep.adapters.trainers.framework import (
    Block,
    Export,
    Floats,
    RoundMetrics,
    Sample,
    State,
)
from mlaas4hep.adapters.trainers.lightgbm.params import (
    booster_params,
    check_by_trying,
    check_two,
    is_dart,
    oddities,
    patience,
    rounds,
    several,
    told,
)
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.training import ModelSummary, TrainingJob

_BYTES_A_VALUE = 2.0  #: bins of training and validation, and how they are made
_FILE = "model.txt"
_LOSS = "loss"

Blocks = Callable[[Iterable[int] | None], Iterator[Block]]


class LightgbmModel:
    """See `framework.SampleModel`."""

    missing: Missing = "nan"

    def __init__(self, made: Any, job: TrainingJob) -> None:
        self._job = job
        self._classifies = isinstance(made, lightgbm.LGBMClassifier)
        self._params = booster_params(made, job)
        rounds_without, least = patience(made)
        self._stop = EarlyStop(patience=rounds_without, least=least)
        drops = is_dart(self._params)
        trees.check_stops(rounds_without, "early_stopping_round", job, drops=drops)
        self._booster: Any = None
        self.rounds = rounds(made)
        if self._classifies:
            tabular.check_known_classes(job)
        check_by_trying(self._params, job, classifies=self._classifies)
        self.summary = _summary(made, job, self._params, self.rounds)
        tabular.check_memory(job, _BYTES_A_VALUE, "LightGBM", "fewer branches")

    def check_labels(self, labels: Floats) -> None:
        """Refuse what is no class number, for a classifier, and values that do not fit the objective."""
        if self._classifies:
            tabular.check_classes(labels, self._job)
        else:
            trees.check_values(self._params["objective"], labels)

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:
        """Boost round by round, from the first one."""
        self._stop = self._stop.anew()
        parts = _Parts.of(sample.training, sample.chunk_count)
        self._settle_classes(parts.labels)
        names = tabular.column_names(self._job)
        train = parts.dataset(self._params, feature_name=names)
        validating = _Parts.of(sample.validation, sample.chunk_count)
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

    def predict(self, block: Block) -> Floats:
        """Return probabilities, shape (n, 1) for two classes; values for regressors."""
        return np.concatenate([self._outputs(x) for x in tabular.pieces(block)])

    def finish(self) -> None:
        """Keep the trees only, up to the best round if training stopped early."""
        best = self._stop.best_round + 1 if self._stop.patience else None
        text = self._booster.model_to_string(num_iteration=best)
        self._booster = lightgbm.Booster(model_str=text)

    def state(self) -> State:
        """Return the trees so far."""
        text = self._booster.model_to_string(num_iteration=-1)
        best = np.array([self._stop.best_round, self._stop.best_value])
        return {"trees": np.frombuffer(text.encode(), np.uint8), "best": best}

    def restore(self, state: State) -> None:
        """Take them; `fit` makes them again if there are rounds left."""
        number, value = state["best"]
        self._booster = lightgbm.Booster(model_str=state["trees"].tobytes().decode())
        self._stop = replace(self._stop, best_round=int(number), best_value=float(value))

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write model.txt and model.onnx."""
        self._booster.save_model(folder / _FILE)
        entries = trees.with_ends(sample)
        expected = self._outputs(entries)
        return Export.of(onnxfile.write(folder, self._converted, entries, expected))

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
    def of(cls, blocks: Blocks, parts: int) -> "_Parts":
        rows: list[int] = []
        labels: list[Floats] = [np.empty(0, np.float32)]
        weights: list[Floats] = []
        for part in range(parts):
            found = 0
            for block in blocks([part]):
                y, weight = tabular.answers(block)
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
        rows = [_Rows(self, part) for part, found in enumerate(self.rows) if found]
        found = lightgbm.Dataset(rows, label=self.labels, weight=self.weights, params=params, **how)
        if self.weights is not None and "reference" in how:
            # Weights that are all 1 are left away by `Dataset`, and beside a reference that has
            # some they would then be 0.
            found.construct().set_field("weight", self.weights)
        return found


class _Rows(lightgbm.Sequence):
    """The rows of one chunk, read when they are asked for; the last chunk is kept."""

    batch_size = 4096
    _kept: tuple[int, int, Floats] | None = None  #: of all: parts, chunk, rows

    def __init__(self, parts: _Parts, part: int) -> None:
        self._parts = parts
        self._part = part

    def __len__(self) -> int:
        return self._parts.rows[self._part]

    def __getitem__(self, index: Any) -> Any:
        key = (id(self._parts), self._part)
        if _Rows._kept is None or _Rows._kept[:2] != key:
            (block,) = self._parts.blocks([self._part])
            _Rows._kept = (*key, block.x[block.order])
        return _Rows._kept[2][index].astype(np.float64)


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
        warnings=oddities(params),
    )
