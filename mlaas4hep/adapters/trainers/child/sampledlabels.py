"""What the labels of some entries say about a model, before anything is learned."""

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.idleoutputs import idle_outputs
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.framework import BlockModel, Floats, SampleModel
from mlaas4hep.core.models.outputrange import never_given
from mlaas4hep.core.models.training import ModelSummary, SampledLabels, TrainingJob


def doubts(model: BlockModel | SampleModel, sampled: SampledLabels) -> tuple[str, ...]:
    """Return why the training may be refused.

    Args:
        model: that was built.
        sampled: labels of some entries; none if labels are known already.

    Raises:
        TrainingError: it will be refused, because entries that it uses have a label that the
            model's loss cannot compare.
    """
    if not sampled.rows:
        return ()
    try:
        model.check_labels(_labels(sampled))
    except TrainingError as error:
        if sampled.are_used:
            raise
        return (f"of the entries looked at: {error} ({error.hint})",)
    return ()


def unknown_factors(summary: ModelSummary, job: TrainingJob) -> tuple[str, ...]:
    """Return that `class_weight` names a class which none of the entries looked at has."""
    if not job.sampled.rows:
        return ()
    seen = SeenLabels.of(summary, job)
    seen.add(_labels(job.sampled))
    try:
        seen.check_factors()
    except TrainingError as error:
        return (f"of the entries looked at: {error} ({error.hint})",)
    return ()


def misfits(summary: ModelSummary, job: TrainingJob) -> tuple[str, ...]:
    """Return which outputs are for classes that no entry has, and which labels no output gives."""
    if job.labels:  # those that no output gives are refused
        return idle_outputs(summary, job.labels)
    columns = [*zip(*job.sampled.rows, strict=True)]
    if not columns:
        return ()
    return (
        *idle_outputs(summary, columns[0], "none of the entries looked at"),
        *never_given(summary.ranges, columns, " of the entries looked at"),
    )


def _labels(sampled: SampledLabels) -> Floats:
    """Return the labels, shape (n,), or (n, columns) if there are several."""
    rows: Floats = np.array(sampled.rows, np.float32)
    return rows[:, 0] if rows.shape[1] == 1 else rows
