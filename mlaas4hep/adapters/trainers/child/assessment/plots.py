"""Pictures that go with a run: ROC curve, losses, histograms of branches.

Margins are given: finding them (`layout="constrained"`) draws each picture twice more.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf, PdfPages
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.ticker import MaxNLocator

from mlaas4hep.adapters.trainers.child.assessment.evaluation import SetFigures
from mlaas4hep.adapters.trainers.child.assessment.histograms import Histogram

_ROWS = 4  #: branches on a page
_MOST_BARS = 30
DPI = 110
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.85, 0.2, 0.6, 0.4  #: inches around the axes
_GAPS = {"left": 0.08, "right": 0.98, "bottom": 0.04, "top": 0.96, "hspace": 0.3, "wspace": 0.18}

#: names of branches and classes are no mathematics, whatever dollars they have
_AS_WRITTEN: dict[Any, Any] = {"text.parse_math": False}


@mpl.rc_context(_AS_WRITTEN)
def draw_roc(path: Path, figures: Sequence[SetFigures]) -> None:
    """Write the ROC curves of all sets as PNG."""
    figure, axes = _picture(6, 5)
    axes.plot([0, 1], [0, 1], color="0.7", linestyle=":")
    for each in figures:
        if each.curve is not None:
            keep = _thinned(len(each.curve.false_positives))
            error = "" if each.auc_error is None else f" ± {each.auc_error:.3f}"
            label = f"{each.name}: AUC {each.curve.area:.3f}{error}"
            x, y = each.curve.false_positives[keep], each.curve.true_positives[keep]
            axes.plot(x, y, label=label)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", title="ROC")
    axes.legend(loc="lower right")
    _save_png(figure, path)


@mpl.rc_context(_AS_WRITTEN)
def draw_checks(folder: Path, checks: dict[str, Any]) -> None:
    """Write what the checks found as PNG: scores of both parts by class, and what counts."""
    if checks["overtraining"] is not None:
        _draw_overtraining(folder / "overtraining.png", checks["overtraining"])
    if checks["importance"] is not None:
        _draw_importance(folder / "importance.png", checks["importance"])


def _draw_overtraining(path: Path, found: dict[str, Any]) -> None:
    figure, axes = _picture(6, 4)
    edges = np.array(found["edges"])
    middles = (edges[1:] + edges[:-1]) / 2
    for number, one in enumerate(found["classes"]):
        train, held_out = _density(one["train"], edges), _density(one["held_out"], edges)
        errors = np.sqrt(one.get("held_out_variances", one["held_out"]))
        p = "" if one["p_value"] is None else f", KS p = {one['p_value']:.3g}"
        axes.stairs(
            train,
            edges,
            fill=True,
            alpha=0.4,
            color=f"C{number}",
            label=f"{one['class']}, train{p}",
        )
        axes.errorbar(
            middles,
            held_out,
            errors / (abs(sum(one["held_out"])) or 1) / np.diff(edges),
            fmt=".",
            color=f"C{number}",
            label=f"{one['class']}, {found['held_out']}",
        )
    axes.set(xlabel="score", ylabel="density", title="Over-training")
    axes.legend(fontsize="small")
    _save_png(figure, path)


def _density(counts: Sequence[float], edges: Any) -> Any:
    whole = sum(counts)
    return np.array(counts) / ((whole or 1) * np.diff(edges))


def _draw_importance(path: Path, found: dict[str, Any]) -> None:
    shown = found["branches"][:_MOST_BARS][::-1]
    names = [one["branch"] for one in shown]
    left = 0.3 + max(map(_inches, names), default=0.0)
    figure, axes = _picture(max(6.0, left + 4), 1 + 0.25 * len(shown), left)
    axes.barh(
        names,
        [one["drop"] for one in shown],
        xerr=[one["error"] for one in shown],
    )
    axes.set(xlabel=f"fall on {found['held_out']} when shuffled", title="Importance")
    _save_png(figure, path)


@mpl.rc_context(_AS_WRITTEN)
def draw_losses(path: Path, history: Sequence[dict[str, float]]) -> None:
    """Write training and validation loss against rounds as PNG."""
    figure, axes = _picture(6, 4)
    for name, label in (("loss", "training"), ("val_loss", "validation")):
        values = [metrics.get(name, np.nan) for metrics in history]
        if np.isfinite(values).any():
            axes.plot(np.arange(1, len(values) + 1), values, label=label)
    axes.set(xlabel="round", ylabel="loss", title="Loss")
    axes.legend()
    _save_png(figure, path)


def draw_histograms(path: Path, histograms: Sequence[Histogram]) -> None:
    """Write one row a branch as PDF: before and after normalisation."""
    with mpl.rc_context({"font.size": 7, **_AS_WRITTEN}), PdfPages(path) as pages:
        page = HistogramPage()
        for start in range(0, len(histograms), _ROWS):
            page.show(histograms[start : start + _ROWS])
            pages.savefig(page.figure)


class HistogramPage:
    """Axes that are drawn again and again: making them, and what they find out, takes most time."""

    def __init__(self) -> None:
        self.figure = Figure(figsize=(8, 10))
        self.figure.subplots_adjust(**_GAPS)
        FigureCanvasPdf(self.figure)
        self._before, self._after = (
            [self._axes(row, column) for row in range(_ROWS)] for column in range(2)
        )

    def _axes(self, row: int, column: int) -> tuple[Any, Any]:
        axes = self.figure.add_subplot(_ROWS, 2, 2 * row + column + 1)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelleft=column == 0)  # counts are the same on both sides
        return axes, axes.stairs([1], [0, 1], fill=True, alpha=0.6)

    def show(self, histograms: Sequence[Histogram]) -> None:
        """Show at most as many branches as there are rows."""
        for row, (before, after) in enumerate(zip(self._before, self._after, strict=True)):
            for axes, _ in (before, after):
                axes.set_visible(row < len(histograms))
            if row < len(histograms):
                one = histograms[row]
                _show(*before, one.counts, one.before, one.name)
                _show(*after, one.counts, one.after, f"{one.name}, normalised")


def _show(axes: Any, stairs: Any, counts: Any, edges: Any, title: str) -> None:
    stairs.set_data(counts, edges)
    beside = 0.05 * (edges[-1] - edges[0])
    axes.set_xlim(edges[0] - beside, edges[-1] + beside)
    low, high = min(0.0, float(np.min(counts))), max(0.0, float(np.max(counts)))
    axes.set_ylim(1.05 * low, 1.05 * high or 1.0)
    axes.set_title(title, y=1.0)  # or else it is looked for among all labels


def _picture(width: float, height: float, left: float = _LEFT) -> tuple[Figure, Any]:
    """Return a figure of these inches and its axes, which leave room for what is written around."""
    figure = Figure(figsize=(width, height))
    sides = (width - left - _RIGHT) / width, (height - _BOTTOM - _TOP) / height
    return figure, figure.add_axes((left / width, _BOTTOM / height, *sides))


def _inches(text: str) -> float:
    """Return how wide a text is beside an axis."""
    canvas = FigureCanvasAgg(Figure())
    renderer = canvas.get_renderer()  # type: ignore[no-untyped-call]
    width, *_ = renderer.get_text_width_height_descent(text, FontProperties(), False)
    return float(width / canvas.figure.dpi)


def _thinned(points: int) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return at most 2000 positions, the ends among them."""
    return np.unique(np.linspace(0, points - 1, min(points, 2000)).astype(np.int64))


def _save_png(figure: Figure, path: Path) -> None:
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=DPI)
