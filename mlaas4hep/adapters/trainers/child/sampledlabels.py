"""What the labels of some entries say about a model, before anything is learned."""

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import BlockModel, SampleModel
from mlaas4hep.core.models.training import SampledLabels


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
    rows = np.array(sampled.rows, np.float32)
    try:
        model.check_labels(rows[:, 0] if rows.shape[1] == 1 else rows)
    except TrainingError as error:
        if sampled.are_used:
            raise
        return (f"of the entries looked at: {error} ({error.hint})",)
    return ()
