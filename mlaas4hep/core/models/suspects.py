"""Features that may give the answer away: by their name, or by what one of them alone can tell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.values.texts import MOST, is_text
from mlaas4hep.core.models.figures import roc

TELLS_ALL = 0.99  #: an area under the curve that one branch alone hardly has
GIVES_ALL = 0.999  #: a correlation with the label that no measurement has
_MOST_CLASSES = 10  #: more different labels are values
_LISTED = 10
_FEWEST = 20  #: entries that a curve says something about
_FEWEST_OF_A_CLASS = 10  #: two entries of a rare class lie above all others by chance

_NAMES = {
    "identifiers": (
        *("run", "run_*", "*_run", "runno", "runnumber", "event", "evt", "ev", "eventno", "evtno"),
        *("eventnumber", "evtnum", "evtnumber", "event_no", "event_num*", "evt_no", "evt_num*"),
        *("event_*id", "lumi*", "ls", "bx", "orbit*", "*_id", "entry"),
    ),
    "weights": (
        *("*weight*", "w", "wgt", "*_wgt", "wgt_*", "*xsec*", "*crosssection*", "*_sf", "sf_*"),
    ),
    "the truth of the simulation": (
        *("gen*", "*_gen*", "MC*", "mc", "mc_*", "mc[A-Z0-9]*", "*_mc*", "truth*", "*_truth*"),
        *("*truth", "lhe*", "is_signal", "issignal", "issig", "label", "target", "*pdgid*"),
        *("*partonflavour*", "*hadronflavour*"),
    ),
}


def suspicious_names(features: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each kind of names that no feature should have."""
    features = list(features)
    for kind, patterns in _NAMES.items():
        found = [name for name in features if _matches(name, patterns)]
        if found:
            yield (
                f"features whose names look like {kind}: {_listed(found)};"
                " exclude_branches in params.json leaves them out"
            )


Measure = Callable[[Array, Array, Array], float]  #: of a branch, labels and different labels


def telling(sample: Sequence[tuple[Columns, NDArray[np.float32]]]) -> Iterator[str]:
    """Yield a warning if one branch alone tells a class from all others, or gives the label.

    Args:
        sample: entries, with the label of each.
    """
    if sample:
        yield from _telling(_values(sample), np.concatenate([each for _, each in sample]))


def telling_columns(x: Array, labels: Array, names: Sequence[str]) -> Iterator[str]:
    """Yield the same for the columns of a matrix.

    Args:
        x: inputs of the network, shape (n, columns).
        labels: shape (n,), or (n, label columns).
        names: of the columns.
    """
    yield from _telling(dict(zip(names, x.T, strict=True)), labels)


def _telling(values: Mapping[str, Array], labels: Array) -> Iterator[str]:
    """Yield a warning for each label column of which a branch tells all."""
    for column in labels.T if labels.ndim > 1 else (labels,):
        yield from _telling_one(values, column)


def _telling_one(values: Mapping[str, Array], labels: Array) -> Iterator[str]:
    kinds = np.unique(labels)
    if len(kinds) < 2 or len(labels) < _FEWEST:  # noqa: PLR2004 - nothing to tell apart
        return
    what, least = "tells the classes apart (AUC", TELLS_ALL
    measure: Measure = _best_area
    if len(kinds) > _MOST_CLASSES:
        what, least, measure = "gives the label (correlation", GIVES_ALL, _correlation
    measured = {name: measure(column, labels, kinds) for name, column in values.items()}
    found = [f"{name} ({value:.3f})" for name, value in sorted(measured.items()) if value > least]
    if found:
        yield (
            f"one branch alone {what} in a sample): {_listed(found)};"
            " is it a feature, or the answer?"
        )


def _best_area(values: Array, labels: Array, kinds: Array) -> float:
    """Return how well the branch tells the class that it tells best from all others."""
    return max(_area(values, labels == kind) for kind in kinds[1 if len(kinds) == 2 else 0 :])  # noqa: PLR2004 - either of two


def _correlation(values: Array, labels: Array, _kinds: Array) -> float:
    """Return how far the label is a straight line over the branch, from 0 to 1."""
    if is_text(values):
        return 0.0
    numbers = values.astype(np.float64)
    good = np.isfinite(numbers)
    apart = numbers[good] - numbers[good].mean() if good.any() else numbers[good]
    wanted = labels[good].astype(np.float64)
    wanted -= wanted.mean() if good.any() else 0.0
    size = float(np.sqrt((apart**2).sum() * (wanted**2).sum()))
    return abs(float((apart * wanted).sum())) / size if size else 0.0


def _values(sample: Sequence[tuple[Columns, NDArray[np.float32]]]) -> Mapping[str, Array]:
    """Return one number an entry of each branch: of a jagged one the first, NaN without any."""
    names = sample[0][0].flat.keys()
    found = {name: np.concatenate([columns.flat[name] for columns, _ in sample]) for name in names}
    for name in sample[0][0].jagged:
        found[name] = np.concatenate([_firsts(columns, name) for columns, _ in sample])
    return found


def _firsts(columns: Columns, name: str) -> Array:
    rows = columns.jagged[name]
    firsts = np.full(columns.entries, np.nan)
    filled = rows.counts > 0
    firsts[filled] = rows.content[rows.offsets[:-1][filled]]
    return firsts


def _area(values: Array, is_signal: NDArray[np.bool_]) -> float:
    """Return how well the branch alone tells the classes apart, whichever side signal is on."""
    signal = int(is_signal.sum())
    if min(signal, len(is_signal) - signal) < _FEWEST_OF_A_CLASS:
        return 0.0
    numbers = _shares(values, is_signal) if is_text(values) else values.astype(np.float64)
    numbers[~np.isfinite(numbers)] = np.finfo(np.float64).min  # one more value
    curve = roc(is_signal, numbers)
    return max(curve.area, 1 - curve.area) if curve else 0.0


def _shares(values: Array, is_signal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each text how much of it is signal; nothing, if texts are too many to tell."""
    known, which = np.unique(values, return_inverse=True)
    if len(known) > MOST:
        return np.zeros(len(values))
    shares: NDArray[np.float64] = np.bincount(which, is_signal) / np.bincount(which)
    return shares[which]


def _matches(name: str, patterns: Iterable[str]) -> bool:
    """Tell whether a name is like a pattern; those with capitals mean exactly these."""
    last = name.rpartition(".")[2]
    return any(
        fnmatchcase(last if any(map(str.isupper, pattern)) else last.lower(), pattern)
        for pattern in patterns
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"
