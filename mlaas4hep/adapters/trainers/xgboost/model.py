"""An XGBoost estimator as a `SampleModel`: boosted round by round on a quantised sample.

The sample is read from the chunks a few times and kept as one byte a value, so that memory stays
bounded; values that are missing stay missing. A training that resumes does the rounds before the
checkpoint again, in seconds and with the same seeds: only so it ends with the same trees.
"""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import xgboost

from mlaas4hep.adapters.native.xgboost import scores
from mlaas4hep.adapters.trainers import categories, tabular, trees
from mlaas4hep.adapters.trainers.boosted import BoostedModel
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.earlystop import EarlyStop
from mlaas4hep.adapters.trainers.framework import Block, Floats, RoundMetrics, Sample, State
from mlaas4hep.adapters.trainers.xgboost.convert import converted
from mlaas4hep.adapters.trainers.xgboost.params import (
    about_columns,
    bins,
    booster_params,
    category_columns,
    check_two,
    needs_rows,
    oddities,
    output_width,
    several,
    told,
    tried,
)
from mlaas4hep.core.models.goals import joint_task
from mlaas4hep.core.models.training import ModelSummary, TrainingJob
from mlaas4hep.core.requests.task import Task

_BYTES_A_VALUE = 2.0  #: bins of training and validation, and how they are made
_ROWS_BYTES = 12.0  #: values of both, copied once, and sorted
_HIGHER = ("auc", "aucpr", "map", "ndcg", "pre")  #: metrics of which more is better
_LOSS = "loss"

Blocks = Callable[[], Iterator[Block]]


class XgboostModel(BoostedModel):
    """See `framework.SampleModel`."""

    file = "model.ubj"

    def __init__(self, made: Any, job: TrainingJob) -> None:
        params = booster_params(made, job)
        stop = EarlyStop(patience=int(made.early_stopping_rounds or 0))
        drops = params.get("booster") == "dart"
        trees.check_stops(stop.patience, "early_stopping_rounds", job, drops=drops)
        super().__init__(job, params, stop, classifies=isinstance(made, xgboost.XGBClassifier))
        self.rounds = made.get_num_boosting_rounds()
        self._labels = job.label_columns.names  #: of several
        self._categories = category_columns(made, job)
        self._about_columns = about_columns(made, job)
        self.summary = _summary(made, job, params, self.rounds)
        needed = _ROWS_BYTES if needs_rows(params) else _BYTES_A_VALUE
        tabular.check_memory(job, needed, "XGBoost", "fewer branches")

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

    def finish(self) -> int | None:
        """Go back to the best round, if there is one."""
        best = self._stop.kept_round
        if best is not None:
            self._booster = self._booster[: best + 1]
        return best

    def state(self) -> State:
        """Return the trees so far, and the best round."""
        return {
            "booster": np.frombuffer(self._booster.save_raw("ubj"), np.uint8),
            "best": self._stop.best(),
        }

    def restore(self, state: State) -> None:
        """Take them; `fit` makes them again if there are rounds left."""
        booster = xgboost.Booster(self._params, model_file=bytearray(state["booster"].tobytes()))
        self._booster = booster
        self._stop = self._stop.from_best(state["best"])

    def _matrix(self, blocks: Blocks, like: Any = None) -> Any:
        """Return entries as XGBoost reads them: in the bins of other ones, unless it needs rows."""
        if not needs_rows(self._params):
            how = {"ref": like} if like else {}
            rows = _Rows(self._checked(blocks), self._about_columns)
            return xgboost.QuantileDMatrix(
                rows, max_bin=bins(self._params), enable_categorical=True, **how
            )
        x, y, weights = tabular.gathered(self._checked(blocks)(), self._job)
        return xgboost.DMatrix(x, y, weight=weights, enable_categorical=True, **self._about_columns)

    def _checked(self, blocks: Blocks) -> Blocks:
        """Return the same blocks, none of which XGBoost would take for something else."""

        def checked() -> Iterator[Block]:
            for block in blocks():
                _check_weights(None if block.weights is None else block.weights[block.order])
                categories.check_codes(block.x, self._categories, self._job)
                yield block

        return checked

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

    def __init__(self, blocks: Blocks, about_columns: dict[str, Any]) -> None:
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
        warnings=(
            *tried(made, params, job),
            *oddities(made, job),
            *(tabular.sampled_gap(job) if classifies else ()),
        ),
    )
