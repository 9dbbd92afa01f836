"""The fields of an RNTuple that are numbers or texts; no type is built for a field."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlaas4hep.adapters.sources.root.ntuple.elementtypes import INDEXES, STORED
from mlaas4hep.adapters.sources.root.ntuple.layout import Field
from mlaas4hep.adapters.sources.root.ntuple.schema import Schema, StoredField
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError
from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.data.values.texts import TEXT

_PLAIN, _ROWS, _RECORD, _VARIANT, _STREAMED = range(5)
_DEEPEST = 50
_NUMBERED = ("std::pair<", "std::tuple<")
_WANTED = {"float": "float32", "double": "float64", "bool": "bool", "char": "int8"} | {
    f"std::{kind}{bits}_t": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)
}
_COUNT = "ROOT::RNTupleCardinality<"
_SEVERAL = "stored in several encodings; write it again with one (SetColumnRepresentatives)"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueField:
    """A field that holds values itself."""

    name: str
    field: Field | None = None
    unreadable: str = ""  #: why it cannot be numbers; "" without a field: nobody here knows
    projected: bool = False


def found_in(schema: Schema) -> list[ValueField]:
    """Return what holds values; of what is projected under another name, only that one."""
    walk = _Walk(schema=schema)
    every = [found for top in schema.top for found in walk.walk(top, _Way())]
    shown = {each.field.column for each in every if each.projected and each.field}
    return [
        each
        for each in every
        if each.projected or each.field is None or each.field.column not in shown
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Way:
    """How a field was reached."""

    name: str = ""
    depth: int = 0
    in_record: bool = True  #: its name is part of the path
    numbered: bool = False  #: members of a tuple have numbers for names
    index: int | None = None
    inner: int | None = None
    length: int = 1
    fixed: bool = False
    collection: str = ""
    projected: bool = False

    def name_of(self, this: StoredField) -> str:
        if not self.in_record:
            return self.name
        last = this.name.removeprefix("_") if self.numbered else this.name
        return f"{self.name}.{last}" if self.depth else last


def _is_array(this: StoredField) -> bool:
    return this.repetition != 1 or this.type.startswith(("std::array<", "std::bitset<"))


def _collection(way: _Way) -> str:
    if way.index is None:
        return way.name
    return way.collection if way.length == 1 else f"{way.collection}[{way.length}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Walk:
    """Goes from a field to those below it."""

    schema: Schema

    def walk(self, number: int, way: _Way) -> Iterator[ValueField]:
        """Yield what a field holds, itself or below."""
        this = self.schema.fields[number]
        name = way.name_of(this)
        if way.depth > _DEEPEST:
            raise DamagedStreamError("fields without an end")
        way = replace(
            way, name=name, depth=way.depth + 1, projected=way.projected or this.projected
        )
        if any(self.schema.columns[column].representation for column in this.columns):
            yield ValueField(name=name, unreadable=_SEVERAL)
        elif this.role == _RECORD:
            way = replace(way, in_record=True, numbered=this.type.startswith(_NUMBERED))
            for child in this.children:
                yield from self.walk(child, way)
        elif this.role == _ROWS:
            yield from self._rows(this, way)
        elif this.role == _PLAIN:
            yield from self._plain(this, way)
        else:
            what = "a std::variant" if this.role == _VARIANT else f"a whole {this.type}"
            yield ValueField(name=name, unreadable=what)

    def _rows(self, this: StoredField, way: _Way) -> Iterator[ValueField]:
        if way.inner is not None or way.length > 1:
            why = "within rows within rows" if way.inner is not None else "within fixed arrays"
            yield ValueField(name=way.name, unreadable=f"rows {why}")
        elif len(this.columns) != 1 or len(this.children) != 1:
            yield ValueField(name=way.name)
        elif way.index is not None:
            (inner,), (child,) = this.columns, this.children
            collection = f"{way.name}[]"
            nested = replace(way, inner=inner, collection=collection, in_record=False)
            found = list(self.walk(child, nested))
            if any(each.field for each in found):
                yield self._sizes(way, inner)
            yield from found
        else:
            (index,), (child,) = this.columns, this.children
            way = replace(way, index=index, collection=way.name, in_record=False)
            yield from self.walk(child, way)

    def _sizes(self, way: _Way, inner: int) -> ValueField:
        """Return the lengths of the rows within rows."""
        name = f"{way.name}{SIZES}"
        found = Field(
            name=name,
            collection=way.collection,
            dtype="int64",
            jagged=True,
            length=1,
            column=inner,
            index=way.index,
            inner=inner,
            is_count=True,
        )
        return ValueField(name=name, field=found, projected=way.projected)

    def _plain(self, this: StoredField, way: _Way) -> Iterator[ValueField]:
        way = replace(way, length=way.length * this.repetition, fixed=way.fixed or _is_array(this))
        if this.type == "std::string":
            yield self._text(this, way)
        elif len(this.columns) == 1 and not this.children:
            yield self._number(this, way)
        elif len(this.children) == 1 and not this.columns:
            yield from self.walk(this.children[0], replace(way, in_record=False))
        elif this.columns or this.children:
            yield ValueField(name=way.name)

    def _text(self, this: StoredField, way: _Way) -> ValueField:
        """Return a field of texts: rows of characters."""
        if way.index is not None or way.length > 1:
            return ValueField(name=way.name, unreadable="rows of text")
        if len(this.columns) != 2 or self.schema.columns[this.columns[0]].type not in INDEXES:  # noqa: PLR2004
            return ValueField(name=way.name)
        index, characters = this.columns
        found = Field(
            name=way.name,
            collection=way.name,
            dtype=TEXT,
            jagged=False,
            length=1,
            column=characters,
            index=index,
        )
        return ValueField(name=way.name, field=found, projected=way.projected)

    def _number(self, this: StoredField, way: _Way) -> ValueField:
        (number,) = this.columns
        column = self.schema.columns[number]
        is_count = this.type.startswith(_COUNT)
        if is_count != (column.type in INDEXES) or (is_count and way.index is not None):
            return ValueField(name=way.name)
        if not is_count and column.type not in STORED:
            return ValueField(name=way.name)
        if is_count:
            dtype = "uint64" if "64" in this.type else "uint32"
        else:
            dtype = _WANTED.get(this.type, STORED[column.type])
        found = Field(
            name=way.name,
            collection=_collection(way),
            dtype="float32" if dtype == "float16" else dtype,
            jagged=way.index is not None or way.fixed,
            length=way.length,
            column=number,
            index=way.index,
            inner=way.inner,
            is_count=is_count,
        )
        return ValueField(name=way.name, field=found, projected=way.projected)
