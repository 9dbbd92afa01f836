"""What a module learns of several label columns: a loss for each of its heads, or one of all."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mlaas4hep.adapters.native.torch import Activation
from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.outputs import Outputs, shares
from mlaas4hep.adapters.trainers.torch.checks import Head
from mlaas4hep.adapters.trainers.torch.targets import lossvalue
from mlaas4hep.adapters.trainers.torch.targets.losses import (
    Comparison,
    by_column,
    check_outputs,
    is_of_torch,
    of_two,
)
from mlaas4hep.adapters.trainers.torch.targets.target import (
    Target,
    guesses,
    instance,
    is_of_logits,
    name_of,
)
from mlaas4hep.adapters.trainers.torch.targets.usualloss import usual
from mlaas4hep.core.models.goals import Goal, by_label, joint_task
from mlaas4hep.core.models.outputrange import OutputRange
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from mlaas4hep.core.requests.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One head, and the label columns that are for it."""

    target: Target
    first: int  #: of its columns
    labels: int  #: columns
    start: int  #: the first of its numbers, all heads behind each other

    @property
    def columns(self) -> Any:
        """Return the place of its labels; one alone has shape (n,)."""
        return self.first if self.labels == 1 else slice(self.first, self.first + self.labels)

    @property
    def numbers(self) -> slice:
        """Return the place of its numbers."""
        return slice(self.start, self.start + self.target.width)

    def goals(self, names: Sequence[str]) -> tuple[Goal, ...]:
        """Return which numbers are for which of its labels; () if only its loss knows."""
        whole = Goal(
            label=names[self.first],
            column=self.first,
            start=self.start,
            width=self.target.width,
            loss=self.target.name,
            task=self.target.task,
        )
        return by_label(whole, names[self.first : self.first + self.labels])


@dataclass(frozen=True, slots=True, kw_only=True)
class JointTarget:
    """The targets of all heads; what it does, `Target` does for one label."""

    parts: tuple[Part, ...]
    names: tuple[str, ...]  #: of label columns
    form: Outputs
    whole: Any = None  #: a loss of all heads and labels at once, in place of one for each

    @property
    def name(self) -> str:
        """Return the losses."""
        return ", ".join(dict.fromkeys(part.target.name for part in self.parts))

    @property
    def task(self) -> Task:
        """Return what is learned as a whole."""
        return joint_task(self.goals)

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Return which numbers are for which label."""
        return tuple(goal for part in self.parts for goal in part.goals(self.names))

    @property
    def ranges(self) -> tuple[OutputRange, ...]:
        """Return what the heads give, where that is not any value."""
        return tuple(
            replace(each, first=part.first, labels=part.labels)
            for part in self.parts
            for each in part.target.ranges
        )

    @property
    def losses(self) -> tuple[Any, ...]:
        """Return what compares."""
        return tuple(part.target.loss for part in self.parts)

    @property
    def counts_each_entry(self) -> bool:
        """Tell whether the losses are the same for batches of any size."""
        return self.whole is None and all(part.target.counts_each_entry for part in self.parts)

    @property
    def compares_all_pairs(self) -> bool:
        """Return False: there are several labels, and nobody can tell."""
        return False

    @property
    def activations(self) -> tuple[Activation, tuple[tuple[Activation, int], ...]]:
        """Return what makes scores of the numbers of each head."""
        kinds = ((part.target.compares.activation, part.target.width) for part in self.parts)
        return "none", tuple(kinds)

    def shaped(self, labels: Floats, kind: Any, place: Any) -> Any:
        """Return labels, shape (n, columns), as the losses compare them."""
        if self.whole is not None:
            return torch.from_numpy(labels).to(place, kind)
        return [part.target.shaped(labels[:, part.columns], kind, place) for part in self.parts]

    def __call__(self, outputs: Any, labels: Any, weights: Any = None, columns: Any = None) -> Any:
        """Return the sum of the losses of a batch as one number; see `Target`."""
        pieces = [outputs[:, part.numbers] for part in self.parts]
        if self.whole is not None:
            return lossvalue.value(self.whole, self.form.formed(pieces), labels, weights, columns)
        each = zip(self.parts, pieces, labels, strict=True)
        return sum(part.target(piece, label, weights, columns) for part, piece, label in each)

    def check(self, labels: Floats) -> None:
        """Refuse labels, shape (n, columns), that a loss cannot compare."""
        for part in self.parts:
            for column in range(part.first, part.first + part.labels):
                part.target.check(labels[:, column], f" in column {self.names[column]!r}")

    def right(self, outputs: Floats, labels: Floats) -> dict[str, NDArray[np.bool_]]:
        """Return which entries are told apart as each label says."""
        found: dict[str, NDArray[np.bool_]] = {}
        for part in self.parts:
            for goal in part.goals(self.names):
                right = part.target.right(outputs[:, goal.numbers], labels[:, goal.column])
                found |= {f"{goal.label}_{name}": values for name, values in right.items()}
        return found


Learned = Target | JointTarget


def joint(
    defined: Mapping[str, Any], form: Outputs, heads: Sequence[Head], job: TrainingJob
) -> tuple[JointTarget, ...]:
    """Return what `loss` of model.py may mean for several label columns, likeliest first.

    Raises:
        TrainingError: outputs, losses and labels do not fit together.
    """
    columns = job.label_columns
    given = defined.get("loss")
    whole = instance(given) if len(heads) > 1 and _is_own(given) else None
    losses = _losses(None if whole else given, form)
    found = [
        _targets(loss, head, labels, job)
        if whole is None
        else (_of_whole(whole, head, labels, job),)
        for loss, head, (_, labels) in zip(losses, heads, shares(form, columns), strict=True)
    ]
    return tuple(
        JointTarget(parts=_parts(each, form, columns), names=columns.names, form=form, whole=whole)
        for each in itertools.product(*found)
    )


def _parts(targets: Sequence[Target], form: Outputs, columns: LabelColumns) -> tuple[Part, ...]:
    starts = np.cumsum([0, *form.widths]).tolist()
    return tuple(
        Part(target=target, first=first, labels=labels, start=start)
        for target, (first, labels), start in zip(
            targets, shares(form, columns), starts[:-1], strict=True
        )
    )


def _is_own(loss: Any) -> bool:
    """Tell whether it is a function, or class, of somebody's own."""
    if loss is None or isinstance(loss, Mapping | list | tuple):
        return False
    return not is_of_torch(instance(loss))


def _losses(given: Any, form: Outputs) -> list[Any]:
    """Return the loss of each head; None: it follows from `task` of params.json."""
    if not isinstance(given, Mapping | list | tuple):
        return [given] * len(form.names)
    said = given if isinstance(given, Mapping) else dict(zip(form.names, given, strict=False))
    if set(map(str, said)) != set(form.names) or len(given) != len(form.names):
        raise TrainingError(
            f"{MODEL_FILE}: `loss` has {len(given)} losses ({', '.join(map(str, said))}), and the "
            f"module gives {', '.join(form.names)}",
            "one loss for each tensor that forward returns, in a tuple or in a dict by name",
        )
    by_name = {str(name): loss for name, loss in said.items()}
    return [by_name[name] for name in form.names]


def _targets(loss: Any, head: Head, labels: int, job: TrainingJob) -> tuple[Target, ...]:
    """Return what one head may learn, likeliest first."""
    if loss is None and not job.params.task:
        raise TrainingError(
            f"{MODEL_FILE} defines no `loss`, and there are several label columns",
            'loss = torch.nn.BCEWithLogitsLoss(), or "task": "binary" or "regression" in '
            "params.json",
        )
    if labels == 1:
        if loss is None:
            return (usual(np.empty(0, np.float32), head, job),)
        return guesses(instance(loss), head, job)
    return (_side_by_side(loss, head, labels, job),)


def _side_by_side(loss: Any, head: Head, labels: int, job: TrainingJob) -> Target:
    """Return the target of a head with a number for each of several labels."""
    made = _usual(head, job) if loss is None else instance(loss)
    if not is_of_torch(made):
        return _of_whole(made, head, labels, job)
    check_outputs(made, head)
    compares = by_column(made)
    if compares is None or compares.labels != "column":
        raise TrainingError(
            f"{MODEL_FILE}: {name_of(made)} cannot compare an output with {labels} label columns",
            "BCEWithLogitsLoss or MSELoss, or an output of its own for each label",
        )
    if head.width != labels:
        raise TrainingError(
            f"{MODEL_FILE}: the module gives {head.width} number(s) for {labels} label columns",
            f"end with Linear(…, {labels}), one number for each, or def loss(outputs, labels): …",
        )
    return Target(
        loss=made,
        name=name_of(made),
        width=head.width,
        compares=compares,
        is_bounded=head.is_bounded,
    )


def _usual(head: Head, job: TrainingJob) -> Any:
    if job.params.task == "regression":
        return torch.nn.MSELoss()
    return of_two(head)


def _of_whole(loss: Any, head: Head, labels: int, job: TrainingJob) -> Target:
    """Return the target of a head under a loss of somebody's own that sees all its labels."""
    beside = len(job.label_columns.beside)
    are_logits = head.width == labels and head.kind == "logits"
    of_logits = are_logits and is_of_logits(loss, labels, beside)
    compares = Comparison(labels="column")
    if of_logits:
        compares = Comparison(labels="column", activation="sigmoid", task="binary")
    return Target(loss=loss, name=name_of(loss), width=head.width, compares=compares)
