"""The labels that came so far, and what they say about the task."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import LabelError, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.core.models.goals import Goal, joint_task
from mlaas4hep.core.models.training import ModelSummary, TrainingJob
from mlaas4hep.core.requests.task import OF_CLASSES, Task

OF_IDS = (
    "; where labels.txt names a branch of other numbers, an expression numbers the classes: "
    "(id == 13) + 2 * (id == 15)"
)  #: ends a hint
_TWO = 2
_MOST_LABELS = 1000  #: more different ones are no classes
Seen = tuple[tuple[float, ...], ...]  #: the different labels of each column, rising


def check_one_label(who: str, job: TrainingJob) -> None:
    """Refuse several label columns for what learns one.

    Raises:
        TrainingError: there are several.
    """
    columns = job.label_columns
    if columns.labels > 1:
        raise TrainingError(
            f"{who} learns one label here, and there are {columns.labels} label columns"
            f" ({', '.join(columns.names)})",
            "a run for each of them, scikit-learn's MultiOutputClassifier(…) around it, or a model "
            "that learns several: of Keras or PyTorch, RandomForestRegressor, XGBRegressor",
        )


def check_numbers(labels: Floats) -> None:
    """Refuse labels that are none.

    Raises:
        TrainingError: one is NaN or infinite.
    """
    bad = np.flatnonzero(~np.isfinite(labels))
    if bad.size:
        raise TrainingError(
            f"{bad.size} labels of {labels.size} in a chunk are not numbers (NaN or infinite)",
            "check labels.txt and the branches it names",
        )


def all_alike(label: float, column: str = "") -> LabelError:
    """Return what is told where all entries have one label, in one of several columns if it is named."""
    where = f" in column {column!r}" if column else ""
    return LabelError(
        f"all entries have label {label:g}{where}: there is nothing to tell apart",
        "leave the column away, or cut less"
        if column
        else "labels.txt should give at least two classes, and cuts should leave both",
    )


class SeenLabels:
    """Refuses labels that nothing can be learned from, and remembers which there were."""

    def __init__(
        self,
        task: Task,
        labels: Iterable[float] = (),
        asked: Task | None = None,
        *,
        names: Sequence[str] = (),
        goals: Sequence[Goal] = (),
        factors: Sequence[tuple[float, float]] = (),
    ) -> None:
        """Begin with the labels that are known.

        Args:
            task: of a model with one label, as its outputs say.
            labels: that there are.
            asked: what the request says.
            names: of the label columns, if there are several.
            goals: of a model with several.
            factors: of labels, as `class_weight` of params.json names them.
        """
        self._task = task
        self._asked = asked
        self._names = tuple(names)
        self._goals = tuple(goals)
        self._factors = dict(factors)
        self._seen = [set[float]() for _ in names] or [set(labels)]

    @classmethod
    def of(cls, summary: ModelSummary, job: TrainingJob) -> "SeenLabels":
        """Return what has been seen before a training begins: nothing yet."""
        return cls(
            summary.task,
            job.labels,
            job.params.task,
            names=job.label_columns.names,
            goals=summary.goals,
            factors=job.weights.learned if job.params.weighting.factors_of_classes else (),
        )

    @property
    def seen(self) -> Seen:
        """Return the different labels of each column, rising; of many some, with both ends."""
        return tuple(tuple(sorted(each)) for each in self._seen)

    @property
    def task(self) -> Task:
        """Return what is learned: labels say it, unless the request or the outputs do."""
        return joint_task(self.goals) if self._names else self._of(self._task, self._seen[0])

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Return what is learned of each of several columns."""
        return tuple(
            replace(
                goal, task=self._of(goal.task, self._seen[goal.column], goal.task in OF_CLASSES)
            )
            for goal in self._goals
        )

    @property
    def are_classes(self) -> bool:
        """Tell whether a split should keep the share of each label."""
        return not self._names and self._task in OF_CLASSES

    @property
    def may_be_alike(self) -> bool:
        """Tell whether only one label was seen so far of something that is to be told apart."""
        told_apart = [goal.column for goal in self._goals if goal.task in OF_CLASSES]
        columns = [0] if self.are_classes else told_apart
        return any(len(self._seen[column]) < _TWO for column in columns)

    def add(self, labels: Floats) -> None:
        """Take labels of entries, shape (n,), or (n, columns) if there are several.

        They are numbers: `check_numbers`.
        """
        columns = labels.T if labels.ndim > 1 else (labels,)
        for seen, column in zip(self._seen, columns, strict=True):
            if len(seen) <= _MOST_LABELS:
                seen.update(np.unique(column)[: _MOST_LABELS + 1].tolist())
            if len(column):  # of more, the ends: an output may not reach them
                seen.update((float(column.min()), float(column.max())))

    def restore(self, labels: Iterable[Iterable[float]]) -> None:
        """Take the labels that a checkpoint remembers."""
        for seen, column in zip(self._seen, labels, strict=False):  # none before the first round
            seen.update(column)

    def check_several(self) -> None:
        """Refuse a classification in which all entries are of one class, or count nothing.

        Raises:
            TrainingError: only one label was ever seen, or not one that `class_weight` names.
        """
        if self.are_classes:
            _check_alike(self._seen[0])
        self.check_factors()
        for goal in self._goals:
            if goal.task in OF_CLASSES:
                _check_alike(self._seen[goal.column], goal.label)

    def check_factors(self) -> None:
        """Refuse a `class_weight` that names a label which no entry has, or counts nothing.

        Raises:
            TrainingError: names the label.
        """
        seen = self._seen[0]
        if len(seen) > _MOST_LABELS:  # there are more than are remembered
            return
        lacking = next((label for label in self._factors if label not in seen), None)
        if lacking is not None:
            raise TrainingError(
                f"params.json: class_weight names {lacking:g}, and no entry has that label",
                f"labels are {', '.join(f'{label:g}' for label in sorted(seen)[:20])}",
            )
        if self._factors and not any(self._factors.get(label, 1.0) for label in seen):
            raise TrainingError(
                "params.json: class_weight is 0 for every class, so nothing can be learned",
                "factors above 0 for at least two classes",
            )

    def _of(self, task: Task, seen: set[float], is_sure: bool = False) -> Task:
        if task == "binary" and max(seen, default=0) > 1:
            return "multiclass"  # of a classifier that learns from its entries how many there are
        if self._asked and not is_sure and (self._asked == "multiclass") == (task == "multiclass"):
            return self._asked
        if task in ("regression", "other") and seen:
            two = any(seen <= pair for pair in ({0.0, 1.0}, {-1.0, 1.0}))
            return "binary" if two else "regression"
        return task


def _check_alike(seen: set[float], column: str = "") -> None:
    if len(seen) == 1:
        raise all_alike(next(iter(seen)), column)
