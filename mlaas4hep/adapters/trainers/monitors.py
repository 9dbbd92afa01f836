"""Do callbacks watch figures that there are? Keras only warns, and they never act."""

from collections.abc import Collection, Iterable
from typing import Any

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.nearest import nearest


def check_monitors(callbacks: Iterable[Any], figures: Collection[str], *, validates: bool) -> None:
    """Refuse a callback that would wait for a figure for ever.

    Args:
        callbacks: of the training.
        figures: names of loss and metrics.
        validates: whether there are entries that validate, so that each has a `val_` too.

    Raises:
        TrainingError: names the callback and what it watches.
    """
    known = [*figures, *(f"val_{name}" for name in figures if validates)]
    for callback in callbacks:
        watched = getattr(callback, "monitor", None)
        if not isinstance(watched, str) or watched in known:
            continue
        needs = (
            ""
            if validates or not watched.startswith("val_")
            else "no entry validates: split is 0; "
        )
        raise TrainingError(
            f"callback {type(callback).__name__} watches {watched!r}, which this training does not"
            " have: it would never act",
            f"{needs}{nearest(watched, known) or ', '.join(known)}",
        )
