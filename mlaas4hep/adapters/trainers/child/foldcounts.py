"""How many entries of each class are in each fold, before anything is learned."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.trainingdata import SplitChunk
from mlaas4hep.core.requests.request import Params

_HINT = "fewer folds, or another fold_by in params.json"


def check_folds(
    chunks: Iterable[SplitChunk], params: Params, classes: tuple[str, ...], *, classifies: bool
) -> None:
    """Refuse folds of which one is empty, or has no entry of a class.

    Raises:
        TrainingError: names fold and class.
    """
    counts: Counter[tuple[int, float]] = Counter()
    for chunk in chunks:
        rows = chunk.split.train
        assert chunk.chunk.parts is not None  # noqa: S101 - chunks of such a training have them
        labels = chunk.labels[rows] if classifies else np.zeros(len(rows))
        pairs = np.stack((chunk.chunk.parts[rows].astype(np.float64), labels), axis=1)
        for (fold, label), entries in zip(
            *np.unique(pairs, axis=0, return_counts=True), strict=True
        ):
            counts[int(fold), float(label)] += int(entries)
    known = sorted({label for _, label in counts})
    for fold in range(params.splitting.folds):
        lacking = [label for label in known if not counts[fold, label]]
        if not lacking:
            continue
        what = f" of class {_named(lacking[0], classes)}" if len(lacking) < len(known) else ""
        raise TrainingError(
            f"no entry{what} is in fold {fold}: its model could not be validated", _HINT
        )


def _named(label: float, classes: tuple[str, ...]) -> str:
    is_class = label.is_integer() and 0 <= label < len(classes)
    return f"{label:g} ({classes[int(label)]})" if is_class else f"{label:g}"
