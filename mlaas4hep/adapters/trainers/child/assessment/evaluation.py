"""The trained model on the entries it learned from, validated on, and never saw."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.adapters.trainers.framework import Model
from mlaas4hep.core.models import figures as scores
from mlaas4hep.core.models.figures import Roc
from mlaas4hep.core.models.goals import Goal
from mlaas4hep.core.models.training import Metrics, ModelSummary
from mlaas4hep.core.requests.request import MetricsRequest
from mlaas4hep.core.requests.task import Task

Floats = NDArray[np.floating[Any]]
SETS = ("test", "val", "train")
MOST_ENTRIES = 500_000  #: of one set that are looked at


@dataclass(slots=True)
class CollectedScores:
    """Labels and scores of one set, as they come."""

    labels: list[Floats] = field(default_factory=list)
    scores: list[Floats] = field(default_factory=list)
    weights: list[Floats] = field(default_factory=list)  #: empty: all count alike
    entries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetFigures:
    """Everything that is told about one set, and one label if there are several."""

    name: str  #: such as "test", or "test/isB"
    entries: int
    auc: float | None  #: of more than two classes the mean of each against all others
    matrix: NDArray[Any] | None  #: entries, or sums of their weights
    curve: Roc | None  #: of binary tasks
    error: float | None = None  #: root mean square, of regression
    error_error: float | None = None  #: standard error of `error`
    auc_error: float | None = None  #: standard error of `auc`
    weight: float | None = None  #: sum of weights; None: all count alike

    @property
    def is_of_several_classes(self) -> bool:
        """Tell whether there are more than two classes, so that `auc` is a mean."""
        return self.matrix is not None and len(self.matrix) > 2  # noqa: PLR2004

    @property
    def is_of_one_class(self) -> bool:
        """Tell whether its entries are all of one class, so that nothing can be told apart."""
        return self.matrix is not None and int((self.matrix.sum(axis=1) != 0).sum()) == 1


class Evaluation:
    """Collects predictions chunk by chunk."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._sets = {name: CollectedScores() for name in SETS}

    def add(self, chunk: SplitChunk) -> None:
        """Predict the entries of a chunk."""
        split = chunk.split
        for name, rows in (("test", split.test), ("val", split.validation), ("train", split.train)):
            seen = self._sets[name]
            chosen = rows[: MOST_ENTRIES - seen.entries]
            if len(chosen):
                seen.labels.append(chunk.labels[chosen])
                block = chunk.learned(chosen) if name == "train" else chunk.block(chosen)
                seen.scores.append(_scored(self._model.predict(block), self._model.summary))
                seen.entries += len(chosen)
                if chunk.physical is not None:
                    seen.weights.append(chunk.physical[chosen])

    def scores(self, goals: Sequence[Goal] = ()) -> dict[str, "Scored"]:
        """Return labels, scores and weights (if there are any) of every set that has entries.

        Of several goals each has its own, as "test/LABEL".
        """
        whole: dict[str, Scored] = {
            name: (
                np.concatenate(seen.labels),
                np.concatenate(seen.scores),
                # what counts them sums up squares and differences of them
                np.concatenate(seen.weights, dtype=np.float64) if seen.weights else None,
            )
            for name, seen in self._sets.items()
            if seen.entries
        }
        if not goals:
            return whole
        return {
            f"{name}/{goal.label}": of_goal(scored, goal)
            for name, scored in whole.items()
            for goal in goals
        }

    def not_finite(self) -> int:
        """Return how many of the entries that were looked at have a score that is no number."""
        found = (each for seen in self._sets.values() for each in seen.scores)
        return sum(int((~np.isfinite(each)).any(axis=1).sum()) for each in found)

    def figures(
        self, task: Task, wanted: MetricsRequest, goals: Sequence[Goal] = ()
    ) -> tuple[SetFigures, ...]:
        """Return the figures of every set that has entries, by goal if there are several."""
        tasks = {goal.label: goal.task for goal in goals}
        return tuple(
            set_figures(name, scored, tasks.get(name.partition("/")[2], task), wanted.threshold)
            for name, scored in self.scores(goals).items()
        )


def of_goal(scored: "Scored", goal: Goal) -> "Scored":
    """Return labels, scores and weights of one goal."""
    labels, predicted, weights = scored
    return labels[:, goal.column], predicted[:, goal.numbers], weights


def _scored(predicted: Floats, summary: ModelSummary) -> Floats:
    """Return outputs with probabilities in place of logits."""
    if not summary.goals:
        return probabilities(predicted) if summary.gives_logits else predicted
    found = predicted.astype(np.float64)
    for goal in summary.goals:
        if goal.gives_logits:
            found[:, goal.numbers] = probabilities(found[:, goal.numbers])
    return found


def probabilities(logits: Floats) -> Floats:
    """Return the probability of class 1, or of each class if there are several outputs."""
    exact = logits.astype(np.float64)
    if exact.shape[1] == 1:
        return np.exp(-np.logaddexp(0.0, -exact))
    grown = np.exp(exact - exact.max(axis=1, keepdims=True))
    return grown / grown.sum(axis=1, keepdims=True)  # type: ignore[no-any-return]


Scored = tuple[Floats, Floats, Floats | None]  #: labels, scores, weights


def set_figures(name: str, scored: Scored, task: Task, threshold: float) -> SetFigures:
    """Return the figures of one set."""
    labels, predicted, weights = scored
    weight = None if weights is None else float(weights.sum())
    usual: dict[str, Any] = {"name": name, "entries": len(labels), "weight": weight}
    if task == "binary":
        signal = labels > 0.5  # noqa: PLR2004 - labels are 0 or 1, or -1 or 1
        low = -1.0 if (labels < 0).any() else 0.0  # labels of -1 and 1: the middle is 0
        chosen = (predicted[:, 0] >= low + threshold * (1 - low)).astype(np.int64)
        matrix = scores.confusion(signal.astype(np.int64), chosen, 2, weights)
        return SetFigures(**usual, matrix=matrix, **_curve(signal, predicted[:, 0], weights))
    if task == "multiclass":
        return _of_classes(usual, scored, threshold)
    if weights is not None and not (weight or 0.0) > 0:
        return SetFigures(**usual, auc=None, matrix=None, curve=None)
    squares = (predicted[:, 0].astype(np.float64) - labels) ** 2
    error, its_error = scores.root_mean(squares, weights)
    more: dict[str, Any] = {"error": error, "error_error": its_error}
    return SetFigures(**usual, auc=None, matrix=None, curve=None, **more)


def _curve(signal: NDArray[np.bool_], scored: Floats, weights: Floats | None) -> dict[str, Any]:
    curve = scores.roc(signal, scored, weights)
    error = scores.area_error(signal, scored, weights) if curve else None
    return {"curve": curve, "auc": curve.area if curve else None, "auc_error": error}


def _of_classes(usual: dict[str, Any], scored: Scored, threshold: float) -> SetFigures:
    labels, predicted, weights = scored[0].astype(np.int64), scored[1], scored[2]
    classes = predicted.shape[1]
    if classes == 2:  # noqa: PLR2004 - signal against background, told by two outputs
        more = _curve(labels == 1, predicted[:, 1], weights)
        chosen = (predicted[:, 1] >= threshold).astype(np.int64)
    else:
        more = {
            "curve": None,
            "auc": scores.mean_area(labels, predicted, weights),
            "auc_error": scores.mean_area_error(labels, predicted, weights),
        }
        chosen = predicted.argmax(axis=1)
    matrix = scores.confusion(labels, chosen, classes, weights)
    return SetFigures(**usual, matrix=matrix, **more)


def metrics(figures: tuple[SetFigures, ...]) -> Metrics:
    """Return the single numbers, the held-out set first; of several labels, their mean AUC, too."""
    named = [
        *_mean_areas(figures),
        *((f"{_key(each)}_auc", each.auc) for each in figures),
        *((f"{_key(each)}_auc_error", each.auc_error) for each in figures),
        *((f"{_key(each)}_rmse", each.error) for each in figures),
    ]
    return tuple((name, value) for name, value in named if value is not None)


def _key(each: SetFigures) -> str:
    return each.name.replace("/", "_", 1)


def _mean_areas(figures: tuple[SetFigures, ...]) -> Iterator[tuple[str, float]]:
    """Yield the mean over several labels of each set."""
    areas: dict[str, list[float]] = {}
    for each in figures:
        name, slash, _ = each.name.partition("/")
        if slash and each.auc is not None:
            areas.setdefault(name, []).append(each.auc)
    yield from ((f"{name}_auc", float(np.mean(found))) for name, found in areas.items())


def to_json(figures: tuple[SetFigures, ...], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        each.name: {
            "entries": each.entries,
            "auc": each.auc,
            "auc_error": each.auc_error,
            "sum_of_weights": each.weight,
            "one_class": each.is_of_one_class,
            "rmse": each.error,
            "rmse_error": each.error_error,
            "confusion_matrix": None if each.matrix is None else each.matrix.tolist(),
            "classes": _classes(each, names),
        }
        for each in figures
    }


def _classes(each: SetFigures, names: tuple[str, ...]) -> dict[str, dict[str, float]]:
    if each.matrix is None:
        return {}
    return {
        label: {"precision": one.precision, "recall": one.recall, "f1": one.f1, "n": one.entries}
        for label, one in zip(
            class_names(len(each.matrix), names), scores.figures(each.matrix), strict=True
        )
    }


def class_names(classes: int, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of classes, or their numbers."""
    return names if len(names) == classes else tuple(str(index) for index in range(classes))


def to_text(figures: tuple[SetFigures, ...], names: tuple[str, ...]) -> str:
    """Return the report for eyes."""
    lines: list[str] = []
    if any(each.curve and "/" not in each.name for each in figures):
        lines.append(f"scores are for class {class_names(2, names)[1]}")
    for each in figures:
        mean = "mean AUC of each class against all others" if each.is_of_several_classes else "AUC"
        number = "" if each.auc is None else f", {mean} {each.auc:.4f}"
        number += "" if each.auc_error is None else f" ± {each.auc_error:.4f}"
        if each.is_of_one_class:
            number = ", all of one class: there is no AUC, and val_ metrics of it say nothing"
        number += "" if each.error is None else f", RMSE {each.error:.4g}"
        number += "" if each.error_error is None else f" ± {each.error_error:.2g}"
        number += "" if each.weight is None else f", sum of weights {each.weight:.6g}"
        lines.append(f"{each.name}: {each.entries} entries{number}")
        if each.matrix is not None:
            lines += _table(each, names)
    return "\n".join(lines)


def _table(each: SetFigures, names: tuple[str, ...]) -> list[str]:
    assert each.matrix is not None  # noqa: S101 - only called with one
    rows = [f"  {'true class':>16} {'precision':>9} {'recall':>9} {'f1':>9}   predicted as"]
    for index, (label, one) in enumerate(_classes(each, names).items()):
        cells = " ".join(f"{count:>8.7g}" for count in each.matrix[index])
        figures = f"{one['precision']:>9.3f} {one['recall']:>9.3f} {one['f1']:>9.3f}"
        rows.append(f"  {label[:16]:>16} {figures}   {cells}")
    return rows
