"""What a run is worth, a line for each figure: its error stands beside it."""

import math
import re
from collections.abc import Iterator, Mapping

_OF_A_SET = re.compile(r"(test|val|train)_(?:(.+)_)?(auc|rmse)", re.DOTALL)
_SETS = {"test": "held-out", "val": "validation", "train": "training"}
_ERROR = "_error"


def figures(metrics: Mapping[str, float | None]) -> Iterator[str]:
    """Yield a line for each figure, such as "held-out AUC 0.806 ± 0.012"."""
    for name, value in metrics.items():
        if name.removesuffix(_ERROR) in metrics and name.endswith(_ERROR):
            continue  # it is told beside its figure
        yield f"{_called(name)} {_measured(value, metrics.get(f'{name}{_ERROR}'))}"


def _called(name: str) -> str:
    """Return how people call a figure of a part of the data; others are called as model.py has them."""
    found = _OF_A_SET.fullmatch(name)
    if found is None:
        return name
    part, label, what = found.groups()
    return f"{_SETS[part]} {what.upper()}{f' of {label}' if label else ''}"


def _measured(value: float | None, error: float | None) -> str:
    """Return a value with the digits that its error leaves, of which two are told."""
    if value is None:
        return "nan"
    if not error or not math.isfinite(error):
        return f"{value:g}"
    digits = max(1 - math.floor(math.log10(error)), 0)
    return f"{value:.{digits}f} ± {error:.{digits}f}"
