"""Features that may give the answer away: by their name, or by what one of them alone can tell."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.values.texts import MOST, is_text
from mlaas4hep.core.models.figures import roc
from mlaas4hep.core.selection.roles import Role, role

TELLS_ALL = 0.99  #: an area under the curve that one branch alone hardly has
GIVES_ALL = 0.999  #: a correlation with the label that no measurement has
_MOST_CLASSES = 10  #: more different labels are values
_LISTED = 10
_MOST_PLACES = 8  #: of an array, that are looked at one by one
_BINS = 64  #: of equally many entries each
_IN_A_BIN = 4  #: entries, where the mean of labels is to say something
_MOST_BINNED = 4000  #: entries
_FEWEST_BINNED = 50  #: entries of a class: fewer may lie in the same ranges again by chance
_FEWEST = 20  #: entries that a curve says something about
_FEWEST_OF_A_CLASS = 10  #: two entries of a rare class lie above all others by chance

_ROLES: Mapping[Role, str] = {
    "identifier": "identifiers",
    "weight": "weights",
    "truth": "the truth of the simulation",
    "label": "labels",
}
_RAPIDITY = "y"  #: a label for programs that learn, and rapidity for physicists


def suspicious_names(features: Iterable[str]) -> Iterator[str]:
    """Yield a warning for each kind of names that no feature should have."""
    roles = {name: role(name) for name in features if name != _RAPIDITY}
    for kind, words in _ROLES.items():
        found = [name for name, found_role in roles.items() if found_role == kind]
        if found:
            yield (
                f"features whose names look like {words}: {_listed(found)};"
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


def telling_columns(
    x: Array, labels: Array, names: Sequence[str], lengths: Mapping[str, Array]
) -> Iterator[str]:
    """Yield the same for the columns of a matrix.

    Args:
        x: inputs of the network, shape (n, columns).
        labels: shape (n,), or (n, label columns).
        names: of the columns.
        lengths: of the rows of jagged branches, each of shape (n,).
    """
    counts = {length_of(name): values for name, values in lengths.items()}
    yield from _telling(dict(zip(names, x.T, strict=True)) | counts, labels)


def length_of(name: str) -> str:
    """Return how the lengths of a jagged branch's rows are called."""
    return f"length of {name}"


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
    """Return how far the label follows from the branch, from 0 to 1: rising, falling, or on a curve.

    Order counts and not size, so that outliers say nothing and no curve is too steep.
    """
    numbers = _numbered(values) if is_text(values) else values.astype(np.float64)
    good = np.isfinite(numbers)
    if good.sum() < _FEWEST:
        return 0.0
    x, y = _ranks(numbers[good]), _ranks(labels[good])
    straight = abs(_alike(x, y))
    return straight if straight > GIVES_ALL else max(straight, _correlation_of_bins(x, y))


def _alike(x: Array, y: Array) -> float:
    """Return the correlation of two columns; 0 if one of them is constant."""
    x, y = x - x.mean(), y - y.mean()
    size = float(np.sqrt((x**2).sum() * (y**2).sum()))
    return float((x * y).sum()) / size if size else 0.0


def _ranks(values: Array) -> NDArray[np.float64]:
    """Return the place of each value among all, from 0 to 1; equal ones share theirs."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    places: NDArray[np.float64] = (np.cumsum(counts) - counts / 2) / len(values)
    return places[which]


def _correlation_of_bins(x: Array, y: Array) -> float:
    """Return how far one half of the entries says by a curve over the branch what the other half has."""
    says, tells = _halves(len(x))
    bins, count = _binned(x, says, len(says) // _IN_A_BIN)
    entries = np.bincount(bins[says], minlength=count)
    filled = entries > 0
    middles, heights = (
        np.bincount(bins[says], each[says], minlength=count)[filled] / entries[filled]
        for each in (x, y)
    )
    return max(0.0, _alike(np.interp(x[tells], middles, heights), y[tells]))


def _numbered(values: Array) -> NDArray[np.float64]:
    """Return a number for each text; NaN, if texts are too many to tell."""
    known, which = np.unique(values, return_inverse=True)
    return np.full(len(values), np.nan) if len(known) > MOST else which.astype(np.float64)


def _values(sample: Sequence[tuple[Columns, NDArray[np.float32]]]) -> Mapping[str, Array]:
    """Return one number an entry of each branch, and the lengths of jagged ones, once a collection.

    Of a jagged branch it is the first value, NaN without any; of an array of a few values, each of them.
    """
    first = sample[0][0]
    found = {
        name: np.concatenate([columns.flat[name] for columns, _ in sample]) for name in first.flat
    }
    collections: dict[int, str] = {}
    for name, rows in first.jagged.items():
        collections.setdefault(id(rows.offsets), name)
    for name in first.jagged:
        for place in range(_places(sample, name)):
            told = f"{name}_{place}" if place else name  # as the columns of the matrix are called
            found[told] = np.concatenate([_at(columns, name, place) for columns, _ in sample])
    for name in collections.values():
        found[length_of(name)] = np.concatenate([each.jagged[name].counts for each, _ in sample])
    return found


def _places(sample: Sequence[tuple[Columns, NDArray[np.float32]]], name: str) -> int:
    """Return how many values each row has, if all have the same few; else 1."""
    lengths = {
        int(each) for columns, _ in sample for each in np.unique(columns.jagged[name].counts)
    }
    length = lengths.pop() if len(lengths) == 1 else 1
    return length if 1 < length <= _MOST_PLACES else 1


def _at(columns: Columns, name: str, place: int) -> Array:
    rows = columns.jagged[name]
    found = np.full(columns.entries, np.nan)
    filled = rows.counts > place
    found[filled] = rows.content[rows.offsets[:-1][filled] + place]
    return found


def _area(values: Array, is_signal: NDArray[np.bool_]) -> float:
    """Return how well the branch alone tells the classes apart, whichever side signal is on."""
    signal = int(is_signal.sum())
    if min(signal, len(is_signal) - signal) < _FEWEST_OF_A_CLASS:
        return 0.0
    numbers = _shares(values, is_signal) if is_text(values) else values.astype(np.float64)
    numbers[~np.isfinite(numbers)] = np.finfo(np.float64).min  # one more value
    curve = roc(is_signal, numbers)
    rising = max(curve.area, 1 - curve.area) if curve else 0.0
    return rising if rising > TELLS_ALL else max(rising, _area_of_bins(numbers, is_signal))


def _area_of_bins(numbers: Array, is_signal: NDArray[np.bool_]) -> float:
    """Return how well classes are told apart by a branch of which signal has some ranges.

    One half of the entries says which, the other half how well.
    """
    says, tells = _halves(len(numbers))
    if min(np.bincount(is_signal[np.concatenate((says, tells))], minlength=2)) < _FEWEST_BINNED:
        return 0.0
    bins, count = _binned(numbers, says, _BINS)
    signal = np.bincount(bins[says], is_signal[says], minlength=count)
    entries = np.bincount(bins[says], minlength=count)
    curve = roc(is_signal[tells], (signal / np.maximum(entries, 1))[bins[tells]])
    return curve.area if curve else 0.0


def _halves(entries: int) -> tuple[Array, Array]:
    """Return the places of those that say, and of those that tell whether it is right."""
    order = np.random.default_rng(0).permutation(entries)[:_MOST_BINNED]
    return order[::2], order[1::2]


def _binned(numbers: Array, says: Array, most: int) -> tuple[Array, int]:
    """Return the range of each entry, rising, and how many ranges there are; `says` fill them alike."""
    ends = np.linspace(0, 1, most + 1)[1:-1]
    edges = np.unique(np.quantile(numbers[says], ends, method="lower"))
    return np.searchsorted(edges, numbers, side="right"), len(edges) + 1


def _shares(values: Array, is_signal: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return for each text how much of it is signal; nothing, if texts are too many to tell."""
    known, which = np.unique(values, return_inverse=True)
    if len(known) > MOST:
        return np.zeros(len(values))
    shares: NDArray[np.float64] = np.bincount(which, is_signal) / np.bincount(which)
    return shares[which]


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"
