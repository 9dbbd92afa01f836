"""Which branches of a tree can be numbers: read off the form of their arrays in memory."""

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import awkward as ak
import numpy as np
import uproot

from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.adapters.sources.root.awkwards import branches_of, is_nested
from mlaas4hep.adapters.sources.root.damage import FAILURES
from mlaas4hep.adapters.sources.root.layout import Kind
from mlaas4hep.adapters.sources.root.leaf import Leaf, Lies
from mlaas4hep.adapters.sources.root.ttree.kinds import VECTOR_HEADER, values_of_member
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.values.texts import TEXT

_PACKED = re.compile(r"\[[^\]]*,[^\]]*\]")  #: a range, or a number of bits

_NO_FORM = (
    uproot.interpretation.objects.CannotBeAwkward,
    uproot.interpretation.identify.UnknownInterpretation,
    NotImplementedError,
    AssertionError,
    AttributeError,
    LookupError,
    NameError,
    TypeError,
    ValueError,
)


def leaves_of_ttree(tree: Any, names: AbstractSet[str] | None = None) -> Iterator[Leaf]:
    """Yield the branches without branches below them; of two with one name, the first.

    Args:
        tree: uproot's.
        names: yield only these.
    """
    paths: dict[int, str] = {}
    seen: set[str] = set()
    for name, branch in _lowest(tree, "", paths):
        if name not in seen and (names is None or name in names):
            seen.add(name)
            entries = int(tree.num_entries)
            if int(branch.num_entries) == entries:
                leaf = _leaf_of_branch(name, branch, paths)
                whole = list(_leaves_of_member(name, branch)) if leaf.unreadable else []
                yield from whole or _with_sizes(leaf)
            else:
                yield Leaf(name=name, unreadable=f"{branch.num_entries} of {entries} entries long")


def leaves_of_rntuple(ntuple: Any) -> Iterator[Leaf]:
    """Yield the fields that are numbers, and those of records as `record.field`."""
    form = ntuple.to_akform()
    form = form[0] if isinstance(form, tuple) else form
    clusters = {int(cluster.num_first_entry) for cluster in ntuple.cluster_summaries}
    edges = np.array(sorted(clusters | {0}), ">i8").tobytes()
    values_bytes = 8 * int(ntuple.num_entries)
    for name, content in zip(form.fields, form.contents, strict=True):
        for leaf in _leaves_of_form(name, content):
            yield leaf._replace(edges=edges, values_bytes=values_bytes)


def _lowest(parent: Any, path: str, paths: dict[int, str]) -> Iterator[tuple[str, Any]]:
    """Yield the lowest branches; `paths` learns the path of every one."""
    for branch in parent.branches:
        name = f"{path}{branch.name}"
        paths[id(branch)] = name
        if branch.branches:
            yield from _lowest(branch, f"{name}/", paths)
        else:
            yield name, branch


def _leaf_of_branch(name: str, branch: Any, paths: Mapping[int, str]) -> Leaf:
    try:
        if _is_misread(branch):
            return Leaf(
                name=name, unreadable="a packed Double32_t or Float16_t inside something else"
            )
        form = _form(branch.interpretation, branch.file)
        dtype, jagged, why = _number(form)
        counter = branch.count_branch if jagged else None
        edges = np.array(branch.entry_offsets[:-1], ">i8").tobytes()
        lies = None if why else _lies(branch, counter)
        if not (why or lies):
            why = _failure(branch)
    except _NO_FORM:
        return Leaf(name=name, unreadable=f"a {_type_name(branch)}")
    return Leaf(
        name=name,
        dtype=dtype,
        jagged=jagged,
        unreadable=why,
        nested=is_nested(form),
        collection=name if counter is None else paths.get(id(counter), name),
        edges=edges,
        values_bytes=int(branch.uncompressed_bytes),
        stored_bytes=int(branch.compressed_bytes),
        lies=lies,
    )


def _leaves_of_member(name: str, branch: Any) -> Iterator[Leaf]:
    """Yield what a member of a split class holds that is stored whole, and that we decode."""
    if branch.member("fType", none_if_missing=True) != 0 or branch.streamer is None:
        return
    for values in values_of_member(branch.streamer.typename):
        lies = values.kind and _lying(values.kind, branch, None)
        if values.kind and lies:
            yield Leaf(
                name=f"{name}.{values.member}" if values.member else name,
                dtype=values.kind.in_memory,
                jagged=values.kind.jagged,
                collection=name,
                edges=lies.entries,
                values_bytes=int(branch.uncompressed_bytes),
                stored_bytes=int(branch.compressed_bytes),
                lies=lies,
            )


def _with_sizes(leaf: Leaf) -> Iterator[Leaf]:
    """Yield a leaf; before one of rows within rows, that of their sizes."""
    if not leaf.nested:
        yield leaf
        return
    yield leaf._replace(name=f"{leaf.name}{SIZES}", dtype="int64", nested=False)
    yield leaf._replace(collection=f"{leaf.name}[]")


def _failure(branch: Any) -> str:
    """Return why the first entry cannot be read, if it cannot."""
    try:
        branches_of("", branch.array(entry_stop=1, array_cache=None))
    except FAILURES as error:
        return first_line(error)
    return ""


def _type_name(branch: Any) -> str:
    try:
        name = branch.typename
    except _NO_FORM:
        name = "unknown"
    return "type that is unknown" if name in ("", "unknown") else name


def _is_misread(branch: Any) -> bool:
    """Tell whether uproot takes packed values for plain ones (docs/upstream.md)."""
    interpretation = branch.interpretation
    rows = type(interpretation) is uproot.AsJagged
    content = interpretation.content if rows else interpretation
    if isinstance(content, uproot.interpretation.numerical.TruncatedNumerical):
        return rows
    if type(content) is not uproot.AsDtype:
        return False
    is_double = (content.from_dtype.base, content.to_dtype.base) == (">f4", "f8")
    titles = [leaf.member("fTitle") for leaf in branch.member("fLeaves")]
    titles += [branch.streamer.member("fTitle")] if branch.streamer is not None else []
    return is_double and any(_PACKED.search(title) for title in titles)


def _lies(branch: Any, counter: Any) -> Lies | None:
    """Return where the baskets lie, if we can decode them."""
    kind = _kind(branch.interpretation)
    return None if kind is None else _lying(kind, branch, counter)


def _lying(kind: Kind, branch: Any, counter: Any) -> Lies | None:
    """Return where baskets with values of a kind lie, unless some are in the tree itself."""
    if branch.embedded_baskets:
        return None
    entries = branch.entry_offsets
    if entries[-1] != branch.num_entries:
        return None
    count = len(entries) - 1
    of_counter = None if counter is None or kind.length or kind.header else _lies(counter, None)
    return Lies(
        kind=kind,
        entries=np.array(entries[:-1], ">i8").tobytes(),
        starts=np.array(branch.member("fBasketSeek")[:count], ">i8").tobytes(),
        sizes=np.array(branch.member("fBasketBytes")[:count], ">i4").tobytes(),
        end=int(entries[-1]),
        counter=of_counter if of_counter and not of_counter.kind.jagged else None,
        counter_name=f"counter of {branch.name}",
    )


def _kind(interpretation: Any) -> Kind | None:
    """Return how the values of a branch are stored, or None if only uproot reads them."""
    rows = type(interpretation) is uproot.AsJagged
    inner = interpretation.content if rows else interpretation
    if type(inner) is not uproot.AsDtype:
        return None
    stored, shape = inner.from_dtype.subdtype or (inner.from_dtype, ())
    wanted = (inner.to_dtype.subdtype or (inner.to_dtype, ()))[0]
    if stored.kind not in "biuf" or stored.newbyteorder("=") != wanted:
        return None
    if len(shape) > 1 or (rows and shape):
        return None
    if rows and interpretation.header_bytes not in (0, VECTOR_HEADER):
        return None  # such as the flag before each row of a pointer's values
    if rows:
        return Kind(stored=stored.str, length=0, jagged=True, header=interpretation.header_bytes)
    return Kind(stored=stored.str, length=shape[0] if shape else 1, jagged=bool(shape))


def _form(interpretation: Any, file: Any) -> Any:
    """Return the awkward form; of objects, only of those that are read as arrays of numbers."""
    if isinstance(interpretation, uproot.AsObjects):
        values = _values(interpretation.model)
        if values is not None and not isinstance(values, np.dtype):
            values = _values(values)  # of rows within rows
        if not isinstance(values, np.dtype):
            raise TypeError("not numbers")
    return interpretation.awkward_form(file)


def _values(model: Any) -> Any:
    """Return what a model of rows is of; None if it is another one."""
    rows = uproot.AsVector | uproot.AsRVec | uproot.AsArray
    return model.values if isinstance(model, rows) else None


def _leaves_of_form(name: str, form: Any, collection: str = "") -> Iterator[Leaf]:
    inner = form.content if isinstance(form, ak.forms.ListOffsetForm) else form
    if isinstance(inner, ak.forms.RecordForm) and inner.fields and not collection:
        outer = name if inner is not form else ""
        for field, content in zip(inner.fields, inner.contents, strict=True):
            wrapped = content if inner is form else form.copy(content=content)
            yield from _leaves_of_form(f"{name}.{field}", wrapped, outer or name)
        return
    dtype, jagged, why = _number(form)
    leaf = Leaf(
        name=name,
        dtype=dtype,
        jagged=jagged,
        unreadable=why,
        nested=is_nested(form),
        collection=collection or name,
    )
    yield from _with_sizes(leaf)


def _number(form: Any) -> tuple[str, bool, str]:
    """Return NumPy's name of the values, whether entries are rows, and why it is no number."""
    jagged = False
    if isinstance(form, ak.forms.ListOffsetForm | ak.forms.RegularForm):
        if form.parameter("__array__") in ("string", "bytestring"):
            return TEXT, False, ""
        jagged, form = True, form.content if not is_nested(form) else form.content.content
    if isinstance(form, ak.forms.ListOffsetForm | ak.forms.RegularForm):
        kind = form.parameter("__array__")
        return "", False, "rows of text" if kind else "rows within rows of another kind"
    if not isinstance(form, ak.forms.NumpyForm):
        return "", False, "a structure"
    if len(form.inner_shape) > (0 if jagged else 1):
        return "", False, "an array of more than one dimension"
    if np.dtype(form.primitive).kind not in "biuf":
        return "", False, f"of type {form.primitive}"
    return form.primitive, jagged or bool(form.inner_shape), ""
