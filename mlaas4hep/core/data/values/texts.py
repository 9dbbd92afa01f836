"""Branches of text: each different text is a category, and its number goes into the matrix.

The categories are measured like ranges, and travel with the model in its specs. An empty text is a
missing value. In `Columns`, text is a NumPy array of kind U.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError

TEXT = "text"  #: the dtype of branches of text, in `BranchInfo`
MOST = 100  #: categories; of more, a branch is worth nothing
LONGEST = 100  #: characters; of longer texts the end is replaced by a hash
_DIGITS = 8


def is_text(values: Array) -> bool:
    """Tell whether values are texts."""
    return values.dtype.kind == "U"


def text_array(values: Iterable[str | None]) -> Array:
    """Return texts as a column; None is an empty one."""
    return np.array([shortened(value or "") for value in values], dtype=np.str_)


def nothing(entries: int) -> Array:
    """Return empty texts."""
    return np.zeros(entries, np.dtype("U1"))


def found_in(values: Array) -> tuple[tuple[str, ...], bool, int]:
    """Return the categories, whether there are too many, and how many values are empty."""
    empty = int(np.count_nonzero(values == ""))
    texts = tuple(each for each in np.unique(values).tolist() if each)
    return bounded(texts) + (empty,)  # noqa: RUF005 - three values


def bounded(texts: Iterable[str]) -> tuple[tuple[str, ...], bool]:
    """Return categories in order; none, and True, if there are too many."""
    known = tuple(sorted(set(texts)))
    return ((), True) if len(known) > MOST else (known, False)


def numbered(name: str, values: Array, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return the number of each text among `texts`, which are sorted; NaN if it is none of them.

    Raises:
        InvalidRequestError: the values are no texts.
    """
    if not is_text(values):
        raise InvalidRequestError(
            f"branch {name!r} is not text, as it was in training", branch=name
        )
    if not texts:
        return np.full(len(values), np.nan)
    known = np.array(texts)
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[places] == values, places.astype(np.float64), np.nan)


def are_known(values: Array, texts: Sequence[str]) -> NDArray[np.bool_]:
    """Tell which texts are empty or among `texts`."""
    return np.isin(values, ["", *texts])


def shortened(text: str) -> str:
    """Return a text of at most `LONGEST` characters, and another one for another text."""
    text = text.replace("\0", "")
    if len(text) <= LONGEST:
        return text
    end = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{text[: LONGEST - _DIGITS - 1]}~{end}"
