"""What all outputs of a model learn: one `Target` each, in the form in which the model gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from mlaas4hep.adapters.trainers.child.failure import MODEL_FILE, TrainingError
from mlaas4hep.adapters.trainers.framework import Floats
from mlaas4hep.adapters.trainers.keras.lastlayer import activations, check_reach, doubts, reach
from mlaas4hep.adapters.trainers.keras.losses import (
    Target,
    gives_logits,
    is_of_keras,
    loss_name,
    of_classes,
)
from mlaas4hep.adapters.trainers.keras.own.ownloss import wants_numbers
from mlaas4hep.adapters.trainers.outputs import Outputs, shares
from mlaas4hep.core.models.goals import Goal, by_label, joint_task
from mlaas4hep.core.models.outputrange import OutputRange
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The targets of a model's outputs; one is the usual."""

    outputs: Outputs
    each: tuple[Target, ...]
    names: tuple[str, ...] = ()  #: of label columns, if there are several

    @property
    def loss(self) -> str:
        """Return the losses."""
        return ", ".join(dict.fromkeys(each.loss for each in self.each))

    @property
    def width(self) -> int:
        """Return how many numbers the model gives."""
        return sum(each.width for each in self.each)

    @property
    def classes(self) -> tuple[str, ...]:
        """Return the names of the classes."""
        return self.each[0].classes

    @property
    def is_inputs(self) -> bool:
        """Tell whether the model is to give what it gets."""
        return self.each[0].is_inputs

    @property
    def logits(self) -> bool:
        """Tell whether the numbers of a model with one goal become probabilities."""
        return not self.goals and self.each[0].logits

    @property
    def task(self) -> Task:
        """Return what is learned, as far as the model tells."""
        return joint_task(self.goals) if self.names else self.each[0].task

    @property
    def goals(self) -> tuple[Goal, ...]:
        """Return which numbers are for which of several labels, as far as losses tell."""
        found: list[Goal] = []
        start = 0
        for output, one in zip(self.outputs.names, self.each, strict=True):
            found += self._goals(output, one, start) if self.names else ()
            start += one.width
        return tuple(found)

    def _goals(self, output: str, one: Target, start: int) -> tuple[Goal, ...]:
        whole = Goal(
            label=self.names[one.first],
            column=one.first,
            output=output if len(self.each) > 1 else "",
            start=start,
            width=one.width,
            loss=one.loss,
            task=one.task,
            gives_logits=one.logits,
        )
        return by_label(whole, self.names[one.first : one.first + one.labels])

    def by_number(self) -> "Targets":
        """Return the same where losses of somebody's own want the number of a class."""
        each = (replace(one, by_number=one.is_own and one.is_one_hot) for one in self.each)
        return replace(self, each=tuple(each))

    @property
    def doubts(self) -> tuple[str, ...]:
        """Return what is doubtful about losses and the outputs that they get."""
        return tuple(dict.fromkeys(told for each in self.each for told in doubts(each)))

    @property
    def ranges(self) -> tuple[OutputRange, ...]:
        """Return what the last layers give, where that is not any value."""
        return tuple(filter(None, map(reach, self.each)))

    def check_outputs(self, labels: Sequence[float]) -> None:
        """Refuse outputs that their losses cannot learn from, or that never are one of `labels`."""
        for each in self.each:
            each.check_output()
            check_reach(each, labels)

    def check(self, labels: Floats) -> None:
        """Refuse labels that a loss cannot compare."""
        for each in self.each:
            each.check(labels)

    def shaped(self, labels: Floats) -> Any:
        """Return what the losses compare, in the form of the outputs."""
        return self.outputs.formed([one.shaped(labels) for one in self.each])

    def joined(self, given: Any) -> Any:
        """Return what the model gave as one matrix, all outputs behind each other."""
        if self.outputs.is_plain:
            return given
        parts = (tf.cast(each, tf.float32) for each in self.outputs.parts(given))
        return tf.concat([*parts], axis=1)

    def weights(self, weights: Floats) -> Any:
        """Return the weights of entries, once for each output if there are several."""
        several = len(self.each) > 1
        return self.outputs.formed([weights for _ in self.each]) if several else weights

    def specs(self, columns: int, *, weighted: bool) -> tuple[Any, ...]:
        """Return the types of inputs, of what losses compare, and of weights."""
        due = [tf.TensorSpec((None, one.columns), tf.float32) for one in self.each]
        found = (tf.TensorSpec((None, columns), tf.float32), self.outputs.formed(due))
        return (*found, self.weights(tf.TensorSpec((None,), tf.float32))) if weighted else found


def targets(made: Any, job: TrainingJob, outputs: Outputs) -> Targets:
    """Return what a compiled model learns.

    Raises:
        TrainingError: outputs and labels do not fit together.
    """
    learns_inputs = job.params.fitting.learns_inputs
    if learns_inputs and outputs.widths != (job.columns,):
        raise TrainingError(
            f"{MODEL_FILE}: the model gives {sum(outputs.widths)} numbers for an entry, and with "
            f'"labels": "inputs" it is to give the {job.columns} that it gets',
            "end with a layer such as Dense(idim)",
        )
    columns = job.label_columns
    losses = _losses(made.loss, outputs)
    several = len(outputs.names) > 1
    found = []
    given = activations(made, len(outputs.names))
    for width, activation, loss, (first, labels) in zip(
        outputs.widths, given, losses, shares(outputs, columns), strict=True
    ):
        target = Target(
            loss_name(loss),
            width,
            job.classes,
            gives_logits(loss),
            is_value=job.params.task == "regression" and not (several and of_classes(loss)),
            is_inputs=learns_inputs,
            first=first,
            labels=labels,
            beside=len(columns.beside),
            of_keras=is_of_keras(loss),
            activation=activation,
        )
        own = target.is_own and not target.of_keras and target.is_one_hot
        found.append(replace(target, by_number=own and wants_numbers(loss, target)))
    return Targets(outputs=outputs, each=tuple(found), names=columns.names)


def _losses(loss: Any, outputs: Outputs) -> Sequence[Any]:
    """Return the loss of each output."""
    if len(outputs.names) == 1:
        return [loss]
    if isinstance(loss, Mapping):
        return [loss.get(name) for name in outputs.names]
    if isinstance(loss, list | tuple):
        return [*loss] if len(loss) == len(outputs.names) else [None] * len(outputs.names)
    return [loss] * len(outputs.names)
