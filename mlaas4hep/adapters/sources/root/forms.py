"""Which branches of a tree can be numbers: read off the form of their arrays in memory."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import awkward as ak
import numpy as np
import uproot

from mlaas4hep.core.data.columns import Array, Jagged

_NO_FORM = (
    uproot.interpretation.objects.CannotBeAwkward,
    uproot.interpretation.identify.UnknownInterpretation,
    NotImplementedError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One branch or field that holds values itself."""

    name: str  #: path from the tree: `a`, `a/b` in a TTree, `a.b` in an RNTuple
    dtype: str = ""
    jagged: bool = False
    unreadable: str = ""  #: why it cannot be numbers
    collection: str = ""
    branch: Any = None  #: uproot's branch or field
    counter: Any = None  #: uproot's branch of the row lengths, if there is one


def leaves_of_ttree(tree: Any) -> Iterator[Leaf]:
    """Yield the branches without branches below them; of two with one name, the first."""
    seen: set[str] = set()
    for name, branch in _lowest(tree, ""):
        if name not in seen:
            seen.add(name)
            entries = int(tree.num_entries)
            if int(branch.num_entries) == entries:
                yield _leaf_of_branch(name, branch)
            else:
                yield Leaf(name=name, unreadable=f"{branch.num_entries} of {entries} entries long")


def leaves_of_rntuple(ntuple: Any) -> Iterator[Leaf]:
    """Yield the fields that are numbers, and those of records as `record.field`."""
    form = ntuple.to_akform()
    form = form[0] if isinstance(form, tuple) else form
    for name, content in zip(form.fields, form.contents, strict=True):
        yield from _leaves_of_form(name, content, ntuple)


def _lowest(parent: Any, path: str) -> Iterator[tuple[str, Any]]:
    for branch in parent.branches:
        name = f"{path}{branch.name}"
        if branch.branches:
            yield from _lowest(branch, f"{name}/")
        else:
            yield name, branch


def _leaf_of_branch(name: str, branch: Any) -> Leaf:
    try:
        form = _form(branch.interpretation, branch.file)
    except _NO_FORM:
        return Leaf(name=name, unreadable=f"a {branch.typename or 'type that is unknown'}")
    dtype, jagged, why = _number(form)
    counter = branch.count_branch if jagged else None
    return Leaf(
        name=name,
        dtype=dtype,
        jagged=jagged,
        unreadable=why,
        collection=name if counter is None else counter.name,
        branch=branch,
        counter=counter,
    )


def _form(interpretation: Any, file: Any) -> Any:
    """Return the awkward form; of objects, only of those that are read as arrays of numbers."""
    if isinstance(interpretation, uproot.AsObjects):
        model = interpretation.model
        if not (
            isinstance(model, uproot.AsVector | uproot.AsRVec | uproot.AsArray)
            and isinstance(model.values, np.dtype)
        ):
            raise TypeError("not numbers")
    return interpretation.awkward_form(file)


def _leaves_of_form(name: str, form: Any, ntuple: Any, collection: str = "") -> Iterator[Leaf]:
    inner = form.content if isinstance(form, ak.forms.ListOffsetForm) else form
    if isinstance(inner, ak.forms.RecordForm) and inner.fields and not collection:
        outer = name if inner is not form else ""
        for field, content in zip(inner.fields, inner.contents, strict=True):
            wrapped = content if inner is form else form.copy(content=content)
            yield from _leaves_of_form(f"{name}.{field}", wrapped, ntuple, outer or name)
        return
    dtype, jagged, why = _number(form)
    yield Leaf(
        name=name,
        dtype=dtype,
        jagged=jagged,
        unreadable=why,
        collection=collection or name,
        branch=ntuple[name],
    )


def _number(form: Any) -> tuple[str, bool, str]:
    """Return NumPy's name of the values, whether entries are rows, and why it is no number."""
    jagged = False
    if isinstance(form, ak.forms.ListOffsetForm | ak.forms.RegularForm):
        if form.parameter("__array__") in ("string", "bytestring"):
            return "", False, "text"
        jagged, form = True, form.content
    if isinstance(form, ak.forms.ListOffsetForm | ak.forms.RegularForm):
        kind = form.parameter("__array__")
        return "", False, "rows of text" if kind else "rows within rows"
    if not isinstance(form, ak.forms.NumpyForm):
        return "", False, "a structure"
    if len(form.inner_shape) > (0 if jagged else 1):
        return "", False, "an array of more than one dimension"
    if np.dtype(form.primitive).kind not in "biuf":
        return "", False, f"of type {form.primitive}"
    return form.primitive, jagged or bool(form.inner_shape), ""


def columns_of(array: Any, path: tuple[str, ...] = ()) -> Array | Jagged:
    """Return what lies in an awkward array of numbers, or of records with numbers at `path`."""
    layout = array.layout if isinstance(array, ak.Array) else array
    if path:
        return columns_of(ak.Array(layout)[path[0]], path[1:])
    if isinstance(layout, ak.contents.NumpyArray) and layout.data.ndim == 1:
        return np.asarray(layout.data)
    if isinstance(layout, ak.contents.NumpyArray):
        layout = layout.to_RegularArray()
    rows = layout.to_ListOffsetArray64(start_at_zero=True)
    offsets = np.asarray(rows.offsets.data)
    content = rows.content
    if not isinstance(content, ak.contents.NumpyArray):
        content = ak.to_packed(ak.Array(content)).layout
    return Jagged(content=np.asarray(content.data)[: int(offsets[-1])], offsets=offsets)
