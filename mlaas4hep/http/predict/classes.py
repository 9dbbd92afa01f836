"""Which class each number of an answer is for: a header for all dialects, for some more."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import quote

from mlaas4hep.core.data.columns import Array
from mlaas4hep.serving.loadedmodel import LoadedModel

Headers = tuple[tuple[bytes, bytes], ...]
HEADER = b"x-classes"  #: one name a number, separated by commas and percent-encoded
_MATRIX = 2  #: dimensions of one row of numbers for each row
_LONGEST = 4096  #: bytes of the header; more names are not sent


def row_classes(served: LoadedModel, outputs: Mapping[str, Array]) -> tuple[str, ...]:
    """Return the class of each number that rows are answered with; () if not known."""
    values = served.answered(outputs)
    return () if values is None else classes_of(served, values)


def classes_of(served: LoadedModel, values: Array, output: str = "") -> tuple[str, ...]:
    """Return the class of each number in a row of an answer; () if not known.

    Args:
        served: the model.
        values: of the answer.
        output: that gave them, if they are of one output alone.
    """
    if values.ndim > _MATRIX:
        return ()
    return served.named(values.shape[1] if values.ndim == _MATRIX else 1, output)


@lru_cache(maxsize=1024)
def headers_of(classes: tuple[str, ...]) -> Headers:
    """Return the header that names classes; none if nobody knows them."""
    text = ",".join(quote(name) for name in classes).encode()
    return ((HEADER, text),) if text and len(text) <= _LONGEST else ()
