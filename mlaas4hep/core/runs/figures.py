"""What a run is worth, in words: terminals and notebooks say it alike, and as the page does."""

import math
import re
from collections.abc import Iterator, Mapping

Figures = Mapping[str, float | None]  #: by name, such as "test_auc"; None: it was not a number

_OF_A_SET = re.compile(r"(test|val|train)_(?:(.+)_)?(auc|rmse)", re.DOTALL)
_OF_A_LABEL = re.compile(r"test_.+_auc", re.DOTALL)
_SETS = {"test": "held-out", "val": "validation", "train": "training"}
_ERROR = "_error"


def figures(metrics: Figures, learned: str) -> Iterator[str]:
    """Yield a line for each figure, such as "held-out AUC 0.806 ± 0.012".

    Args:
        metrics: of the run.
        learned: as `Summary` has it.
    """
    for name, value in metrics.items():
        if name.removesuffix(_ERROR) in metrics and name.endswith(_ERROR):
            continue  # it is told beside its figure
        yield f"{_called(name, metrics, learned)} {_measured(value, metrics.get(f'{name}{_ERROR}'))}"


def quality(metrics: Figures, learned: str) -> str:
    """Return the AUC or the RMSE of entries that were not learned from, if there is one."""
    for what in ("auc", "rmse"):
        for part in ("test", "val"):  # the more telling first
            value = metrics.get(f"{part}_{what}")
            if value is not None:
                return f"{_kind(what, '', metrics, learned)} {value:.4g}"
    return ""


def _called(name: str, metrics: Figures, learned: str) -> str:
    """Return how people call a figure of a part of the data; others are called as model.py has them."""
    found = _OF_A_SET.fullmatch(name)
    if found is None:
        return name
    part, label, what = found.groups()
    kind = _kind(what, label or "", metrics, learned)
    return f"{_SETS[part]} {kind}{f' of {label}' if label else ''}"


def _kind(what: str, label: str, metrics: Figures, learned: str) -> str:
    """Return "AUC", "RMSE", or "mean AUC" for that of several classes or labels together."""
    several = learned == "multiclass" or any(map(_OF_A_LABEL.fullmatch, metrics))
    return f"{'mean ' if what == 'auc' and several and not label else ''}{what.upper()}"


def _measured(value: float | None, error: float | None) -> str:
    """Return a value with the digits that its error leaves, of which two are told."""
    if value is None:
        return "nan"
    if not error or not math.isfinite(error):
        return f"{value:g}"
    digits = max(1 - math.floor(math.log10(error)), 0)
    return f"{value:.{digits}f} ± {error:.{digits}f}"
