"""Outputs of a model of classes that stand for a class which no entry has."""

from collections.abc import Iterable

from mlaas4hep.core.models.training import ModelSummary

_MOST_NAMED = 5


def idle_outputs(
    summary: ModelSummary, labels: Iterable[float], who: str = "no entry"
) -> tuple[str, ...]:
    """Return a warning about outputs that only learn to be low; (): there are none.

    A class may be rare, so that nothing is refused. Often the last layer is wider than was meant.

    Args:
        summary: of a model with one label.
        labels: all that entries have.
        who: has none of the others, such as "none of the entries looked at".
    """
    seen = set(labels)
    is_one_each = summary.task == "multiclass" and not summary.outputs and not summary.goals
    if not is_one_each or not seen or len(summary.output_shape) != 1:
        return ()
    width = summary.output_shape[0]
    idle = [label for label in range(width) if label not in seen]
    if not idle:
        return ()
    named = ", ".join(map(str, idle[:_MOST_NAMED])) + (", …" if len(idle) > _MOST_NAMED else "")
    told = f"the model has {width} outputs, one for each class, and {who} has label {named}"
    are_last = idle[0] == width - len(idle)
    return (f"{told}: {idle[0]} outputs would do" if are_last else told,)
