"""What a model of several label columns learns: which of its numbers are for which label."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mlaas4hep.core.requests.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """One label column, and the numbers of the model that are to give it."""

    label: str  #: name of the column
    column: int  #: its place among the labels
    output: str = ""  #: name of the model's output; empty: it has one
    start: int  #: first of its numbers, all outputs behind each other
    width: int = 1
    loss: str
    task: Task
    gives_logits: bool = False  #: its numbers become probabilities by a sigmoid or softmax

    @property
    def numbers(self) -> slice:
        """Return the place of its numbers."""
        return slice(self.start, self.start + self.width)

    @property
    def names(self) -> tuple[str, ...]:
        """Return a name for each of its numbers."""
        if self.width == 1:
            return (self.label,)
        return tuple(f"{self.label}_{place}" for place in range(self.width))


def by_label(whole: Goal, labels: Sequence[str]) -> tuple[Goal, ...]:
    """Return the goals of an output for each of its labels: one has all its numbers, several one each.

    There are none where numbers and labels differ: only the loss knows which are for which.
    """
    if len(labels) == 1:
        return (whole,)
    if len(labels) != whole.width:
        return ()
    return tuple(
        replace(whole, label=label, column=whole.column + place, start=whole.start + place, width=1)
        for place, label in enumerate(labels)
    )


def names_of(goals: Sequence[Goal]) -> tuple[str, ...]:
    """Return a name for each number that a model of several goals gives."""
    return tuple(name for goal in goals for name in goal.names)


def joint_task(goals: Sequence[Goal]) -> Task:
    """Return what is learned as a whole: what all goals have in common, if one figure tells it."""
    tasks = {goal.task for goal in goals}
    return "regression" if tasks == {"regression"} else "other"
