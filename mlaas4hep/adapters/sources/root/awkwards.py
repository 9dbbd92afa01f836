"""Awkward arrays, which uproot gives, as our columns."""

from typing import Any

import awkward as ak
import numpy as np

from mlaas4hep.adapters.sources.bytetexts import decoded
from mlaas4hep.core.data.columns import Array, Jagged
from mlaas4hep.core.data.nesting import flattened

_LISTS = ak.forms.ListOffsetForm | ak.forms.RegularForm


def is_nested(form: Any) -> bool:
    """Tell whether a form has rows of numbers within rows."""
    inner = form.content if isinstance(form, _LISTS) else None
    if not isinstance(inner, _LISTS) or inner.parameter("__array__"):
        return False
    numbers = inner.content
    return isinstance(numbers, ak.forms.NumpyForm) and not numbers.inner_shape


def branches_of(name: str, array: Any, path: tuple[str, ...] = ()) -> dict[str, Array | Jagged]:
    """Return what lies in an awkward array: itself, and the sizes of rows within rows."""
    for field in path:
        array = array[field]
    if not is_nested(array.layout.form):
        return {name: columns_of(array)}
    outer = ak.to_packed(array).layout.to_ListOffsetArray64(start_at_zero=True)
    inner = outer.content.to_ListOffsetArray64(start_at_zero=True)
    found = flattened(
        name,
        np.asarray(inner.offsets.data),
        np.asarray(outer.offsets.data),
        np.asarray(inner.content.data)[: int(inner.offsets[-1])],
    )
    return dict(found)


def columns_of(array: Any) -> Array | Jagged:
    """Return what lies in an awkward array of numbers, of rows of them, or of texts."""
    layout = array.layout
    if isinstance(layout, ak.contents.NumpyArray) and layout.data.ndim == 1:
        return np.asarray(layout.data)
    if isinstance(layout, ak.contents.NumpyArray):
        layout = layout.to_RegularArray()
    rows = layout.to_ListOffsetArray64(start_at_zero=True)
    if layout.parameter("__array__") in ("string", "bytestring"):
        found = np.asarray(rows.offsets.data)
        return decoded(np.asarray(rows.content.data), found[:-1], found[1:])
    offsets = np.asarray(rows.offsets.data)
    content = rows.content
    if not isinstance(content, ak.contents.NumpyArray):
        content = ak.to_packed(ak.Array(content)).layout
    return Jagged(content=np.asarray(content.data)[: int(offsets[-1])], offsets=offsets)
