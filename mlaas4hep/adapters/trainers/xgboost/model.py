"""An XGBoost estimator as a `SampleModel`: boosted round by round on a quantised sample.

The sample is read from the chunks a few times and kept as one byte a value, so that memory stays
bounded; values that are missing stay missing. A training that resumes does the rounds before the
checkpoint again, in seconds and with the same seeds: only so it ends with the same trees.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

from mlaas4hep.adapters.native.xgboost import scores
from mlaas4hep.adapters.trainers import onnxfile, tabular, trees
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.earlystop import EarlyStop
from mlaas4hep.adapters.trainers.framework import (
    Block,
    Export,
    Floats,
    RoundMetrics,
    Sample,
    State,
)
from mlaas4hep.adapters.trainers.xgboost.convert import converted
from mlaas4hep.adapters.trainers.xgboost.params import (
    about_columns,
    bins,
    booster_params,
    check_two,
    missing_is_told,
    needs_rows,
    output_width,
    several,
    told,
    tried,
)
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.goals import joint_task
from mlaas4hep.core.models.task import Task
from mlaas4hep.core.models.training import ModelSummary, TrainingJob

_BYTES_A_VALUE = 2.0  #: bins of training and validation, and how they are made
_ROWS_BYTES = 12.0  #: values of both, copied once, and sorted
_FILE = "model.ubj"
_HIGHER = ("auc", "aucpr", "map", "ndcg", "pre")  #: metrics of which more is better
_LOSS = "loss"


class XgboostModel:
    """See `framework.SampleModel`."""

    missing: Missing = "nan"

    def __init__(self, made: Any, job: TrainingJob) -> None:
        self._job = job
        self._classifies = isinstance(made, xgboost.XGBClassifier)
        self._params = booster_params(made, job)
        self._about_columns = about_columns(made, job)
        self._labels = job.label_columns.names  #: of several
        self._stop = EarlyStop(patience=int(made.early_stopping_rounds or 0))
        drops = self._params.get("booster") == "dart"
        trees.check_stops(self._stop.patience, "early_stopping_rounds", job, drops=drops)
        self._booster: Any = None
        self.rounds = made.get_num_boosting_rounds()
        if self._classifies:
            tabular.check_known_classes(job)
        self.summary = _summary(made, job, self._params, self.rounds)
        needed = _ROWS_BYTES if needs_rows(self._params) else _BYTES_A_VALUE
        tabular.check_memory(job, needed, "XGBoost", "fewer branches")

    def check_labels(self, labels: Floats) -> None:
        """Refuse what is no class number, for a classifier, and values that do not fit the objective."""
        if self._classifies:
            tabular.check_classes(labels, self._job)
        else:
            trees.check_values(self._params["objective"], labels)

    def fit(self, sample: Sample, done: int) -> Iterator[RoundMetrics]:
        """Boost round by round, from the first one."""
        self._stop = self._stop.anew()
        train = self._matrix(sample.training)
        sets = [(train, "train")]
        if sum(len(block.order) for block in sample.validation()):  # read to the end: see `Sample`
            sets.append((self._matrix(sample.validation, train), "val"))
        self._begin(train, [matrix for matrix, _ in sets])
        for number in range(self.rounds):
            with told(self._job):  # metrics of several classes, where the entries have two
                self._booster.update(train, number)
                metrics = _metrics(self._booster.eval_set(sets, number))
            self._follow(number, metrics)
            if number >= done:
                yield metrics
            if self._stop.is_over(number):
                return

    def predict(self, block: Block) -> Floats:
        """Return probabilities, shape (n, 1) for two classes; values for regressors."""
        return np.concatenate([self._outputs(x) for x in tabular.pieces(block)])

    def finish(self) -> None:
        """Go back to the best round, if training stopped early."""
        if self._stop.patience and self._stop.best_round >= 0:
            self._booster = self._booster[: self._stop.best_round + 1]

    def state(self) -> State:
        """Return the trees so far, and the best round."""
        return {
            "booster": np.frombuffer(self._booster.save_raw("ubj"), np.uint8),
            "best": np.array([self._stop.best_round, self._stop.best_value]),
        }

    def restore(self, state: State) -> None:
        """Take them; `fit` makes them again if there are rounds left."""
        number, value = state["best"]
        booster = xgboost.Booster(self._params, model_file=bytearray(state["booster"].tobytes()))
        self._booster = booster
        self._stop = replace(self._stop, best_round=int(number), best_value=float(value))

    def export(self, folder: Path, sample: Floats) -> Export:
        """Write model.ubj and model.onnx."""
        self._booster.save_model(folder / _FILE)
        entries = trees.with_ends(sample)
        expected = self._outputs(entries)
        return Export.of(onnxfile.write(folder, self._converted, entries, expected))

    def _matrix(self, blocks: Callable[[], Iterator[Block]], like: Any = None) -> Any:
        """Return entries as XGBoost reads them: in the bins of other ones, unless it needs rows."""
        if not needs_rows(self._params):
            how = {"ref": like} if like else {}
            rows = _Rows(blocks, self._about_columns)
            return xgboost.QuantileDMatrix(rows, max_bin=bins(self._params), **how)
        x, y, weights = tabular.gathered(blocks(), self._job)
        _check_weights(weights)
        return xgboost.DMatrix(x, y, weight=weights, **self._about_columns)

    def _begin(self, train: Any, sets: list[Any]) -> None:
        """Make the booster, now that the labels say how many classes there are."""
        if self._classifies and self._labels:
            tabular.check_both(train.get_label().reshape(-1, len(self._labels)), self._labels)
        elif self._classifies:
            classes = tabular.class_count(train.get_label())
            check_two(self._params, classes)
            self._params = several(self._params, classes)
        self._booster = xgboost.Booster(self._params, sets)

    def _follow(self, number: int, metrics: RoundMetrics) -> None:
        watched = [name for name in metrics if name.startswith("val_")]
        if watched:  # the last metric counts, as in XGBoost's own early stopping
            name = watched[-1].removeprefix("val_")
            asked = self._params.get("eval_metric")
            last = asked[-1] if isinstance(asked, list) else asked or name
            higher = _is_higher_better(str(last))
            self._stop = self._stop.after(number, metrics[watched[-1]], higher_is_better=higher)

    def _outputs(self, x: Floats) -> Floats:
        return scores(self._booster, x)

    def _converted(self) -> Any:
        return converted(
            self._booster,
            self._job.columns,
            classifies=self._classifies,
            is_several="num_class" in self._params,
            labels=len(self._labels) or 1,
        )


class _Rows(xgboost.DataIter):
    """Blocks of a sample, as XGBoost reads them."""

    def __init__(
        self, blocks: Callable[[], Iterator[Block]], about_columns: dict[str, Any]
    ) -> None:
        self._blocks = blocks
        self._about_columns = about_columns
        self._left = blocks()
        super().__init__()

    def next(self, input_data: Any) -> bool:
        """Hand over one block; False after the last one."""
        block = next(self._left, None)
        if block is None:
            return False
        x, y, weights = tabular.taken(block)
        _check_weights(weights)
        input_data(data=x, label=y, weight=weights, **self._about_columns)
        return True

    def reset(self) -> None:
        """Begin anew."""
        self._left = self._blocks()


def _check_weights(weights: Floats | None) -> None:
    if weights is not None and (weights < 0).any():
        raise TrainingError(
            "XGBoost does not take negative weights",
            '"negative_weights": "abs" or "drop" in params.json, or LightGBM',
        )


def _metrics(text: str) -> RoundMetrics:
    """Return the values of a line such as "[0] train-logloss:0.6 val-logloss:0.7".

    The first one of which less is better is the loss.
    """
    found: RoundMetrics = {}
    for part in text.split("\t")[1:]:
        name, _, value = part.rpartition(":")
        where, _, metric = name.partition("-")
        prefix = "val_" if where == "val" else ""
        is_loss = f"{prefix}{_LOSS}" not in found and not _is_higher_better(metric)
        key = f"{prefix}{_LOSS if is_loss else metric}"
        found[key] = float(value)
    return found


def _is_higher_better(metric: str) -> bool:
    """Tell it of a metric by its name, such as "ndcg@5-"."""
    return metric.partition("@")[0].rstrip("-") in _HIGHER


def _summary(made: Any, job: TrainingJob, params: dict[str, Any], rounds: int) -> ModelSummary:
    classifies, objective = isinstance(made, xgboost.XGBClassifier), params["objective"]
    classes = tabular.known_classes(job)
    is_several = classifies and classes > 2  # noqa: PLR2004 - told by one number
    task: Task = "multiclass" if is_several else "binary" if classifies else "regression"
    goals = tabular.goals(job, objective, "binary" if classifies else "regression")
    width = classes if is_several else 1 if classifies else output_width(params)
    return ModelSummary(
        parameters=0,
        layers=(f"{type(made).__name__}: {rounds} trees",),
        input_width=job.columns,
        output_shape=(len(goals) or width,),
        loss="multi:softprob" if is_several and not goals else objective,
        task=joint_task(goals) if goals else task,
        gives_logits=objective == "binary:logitraw",
        goals=goals,
        warnings=(*tried(made, params, job), *missing_is_told(made)),
    )
