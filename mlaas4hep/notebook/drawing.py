"""Histograms as hist objects, and pictures in the style of mplhep."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import Any

import hist
import matplotlib.pyplot as plt
import mplhep
import numpy as np
from hist import Hist

from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import NotFoundError

ALL = "all"  #: in place of a class, where there are none
_PARTS = {"test": "held out", "val": "validation", "train": "training"}


def histograms(branches: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Hist]]:
    """Return histograms by branch and class."""
    return {
        each["branch"]: {
            name: _filled(each["edges"], counts, each["branch"], _variances(each, name))
            for name, counts in (each.get("by_class") or {ALL: each["counts"]}).items()
        }
        for each in branches
    }


def scores(quality: Mapping[str, Mapping[str, Any]], of: str = "") -> dict[str, dict[str, Hist]]:
    """Return the score of one class by part of the data and true class.

    Args:
        of: the class; empty: the last one, whose score is all that there is of two.

    Raises:
        NotFoundError: no part of the data has scores of such a class.
    """
    scored = {
        part: _scores_by_class(figures) for part, figures in quality.items() if "scores" in figures
    }
    known = {name for found in scored.values() for name in found}
    if of and of not in known:
        raise NotFoundError(f"there are no scores of a class {of!r}", hint=nearest(of, known))
    return {
        part: found[own]
        for part, found in scored.items()
        if (own := of or next(reversed(found))) in found
    }


def roc(quality: Mapping[str, Mapping[str, Any]], ax: Any = None) -> Any:
    """Draw ROC curves and return the axes; of several classes each against all others, in one part.

    Raises:
        NotFoundError: there are none: the run tells no classes apart.
    """
    curves = [
        (_area(part, figures), figures["roc"])
        for part, figures in quality.items()
        if "roc" in figures
    ]
    curves += _of_classes(
        {part: figures["rocs"] for part, figures in quality.items() if "rocs" in figures}
    )
    if not curves:
        raise NotFoundError("there is no ROC curve: the run tells no classes apart")
    with _styled(ax) as axes:
        for label, points in curves:
            axes.plot(points["false_positives"], points["true_positives"], label=label)
        axes.plot([0, 1], [0, 1], linestyle=":", color="gray")
        axes.set(xlabel="false positives", ylabel="true positives", xlim=(0, 1), ylim=(0, 1))
        axes.legend(loc="lower right")
    return axes


def branch(found: Mapping[str, Mapping[str, Hist]], name: str, ax: Any = None) -> Any:
    """Draw one branch by class, each with area 1 and its errors; return the axes.

    Raises:
        NotFoundError: there is no such branch.
    """
    if name not in found:
        raise NotFoundError(f"there is no histogram of {name!r}", hint=nearest(name, list(found)))
    with _styled(ax) as axes:
        shown = list(found[name].items())
        mplhep.histplot(
            [each for _, each in shown],
            label=[label for label, _ in shown],
            density=True,
            yerr=True,
            ax=axes,
        )
        axes.set(xlabel=name, ylabel="entries, area 1")
        axes.legend()
    return axes


@contextmanager
def _styled(ax: Any) -> Iterator[Any]:
    """Give axes, new ones if there are none, in the style of ATLAS.

    Jupyter's backend turns interactive mode on when it is loaded. Were that within the style, its
    end would turn it off again, and no later picture would be shown.
    """
    plt.draw_if_interactive()  # type: ignore[no-untyped-call] # loads the backend
    as_written = {"text.parse_math": False}  # names are no mathematics, whatever dollars they have
    with plt.style.context([mplhep.style.ATLAS, as_written]):
        axes = plt.subplots()[1] if ax is None else ax
        axes.xaxis.label.set_parse_math(False)
        yield axes


def _of_classes(
    rocs: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the curve of each class, for every label, in the first part of the data, with its name."""
    drawn = next(iter(rocs), "").partition("/")[0]
    return [
        (_area(f"{each['class']}, {_PARTS.get(part, part)}", each), each)
        for part, curves in rocs.items()
        if part.partition("/")[0] == drawn
        for each in curves
    ]


def _scores_by_class(figures: Mapping[str, Any]) -> dict[str, dict[str, Hist]]:
    """Return the scores by true class of each class that has scores of its own."""
    classes = figures["classes"]
    several = figures.get("class_scores")
    # of two classes there is one score, the last one's
    names, found = (classes, several) if several else (classes[-1:], figures["scores"])
    counts, variances = (_of_each(found.get(key), several) for key in ("counts", "variances"))
    return {
        own: {
            true: _filled(found["edges"], bins, f"score of {own}", squares)
            for true, bins, squares in zip(
                classes, by_class, variances[index] if variances else repeat(None), strict=False
            )
        }
        for index, (own, by_class) in enumerate(zip(names, counts, strict=True))
    }


def _of_each(found: Any, several: Any) -> Any:
    """Return lists by class whose score it is, also where there is only one."""
    return found if several or found is None else [found]


def _area(part: str, figures: Mapping[str, Any]) -> str:
    name = _PARTS.get(part, part)
    if figures.get("auc") is None:
        return name
    error = figures.get("auc_error")
    return f"{name}, area {figures['auc']:.3f}{'' if error is None else f' ± {error:.3f}'}"


def _variances(branch: Mapping[str, Any], name: str) -> Sequence[float] | None:
    """Return the variances of one class of a branch; None where entries are counted."""
    by_class = branch.get("variances_by_class") or {ALL: branch.get("variances")}
    return by_class.get(name)


def _filled(
    edges: Sequence[float],
    counts: Sequence[float],
    label: str,
    variances: Sequence[float] | None = None,
) -> Hist:
    """Return a histogram of counts, or of sums of weights with their variances.

    Those of earlier releases have none, which is no number rather than a wrong one.
    """
    axis = hist.axis.Variable(edges, name="x", label=label)
    found = np.asarray(counts, np.float64)
    if variances is None and np.array_equal(found, np.rint(np.abs(found))):
        made = Hist(axis, storage=hist.storage.Double())
        made.view()[...] = found
        return made
    made = Hist(axis, storage=hist.storage.Weight())
    made.view()["value"] = found
    made.view()["variance"] = np.nan if variances is None else variances
    return made
