"""The fields and columns of an RNTuple, as header and footer describe them."""

import struct
from dataclasses import dataclass, field

from mlaas4hep.adapters.sources.root.ntuple.envelope import Frames
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError

_FIELD = struct.Struct("<IIIHH")  #: versions of field and type, parent, role, flags
_COLUMN = struct.Struct("<HHIHH")  #: type, bits, field, flags, representation
_ALIAS = struct.Struct("<II")
_U8 = struct.Struct("<Q")
_RANGE = struct.Struct("<dd")
_U4 = struct.Struct("<I")

_REPETITIVE, _PROJECTED = 1, 2
_DEFERRED, _BOUNDED = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumn:
    """One column as the header describes it."""

    type: int
    bits: int
    field: int
    representation: int
    first: int = 0  #: element with which a column begins that was added later
    low: float = 0.0
    high: float = 0.0


@dataclass(slots=True, kw_only=True)
class StoredField:
    """One field as the header describes it."""

    role: int
    name: str
    type: str
    repetition: int
    projected: bool
    columns: list[int] = field(default_factory=list)
    children: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Schema:
    """All fields and columns, of the header and those that the footer adds."""

    fields: list[StoredField] = field(default_factory=list)
    columns: list[StoredColumn] = field(default_factory=list)
    top: list[int] = field(default_factory=list)

    def read(self, frames: Frames) -> None:
        """Add the fields and columns that come next."""
        for record in frames.records():
            self._read_field(record)
        for record in frames.records():
            column = _column(record)
            if column.field >= len(self.fields):
                raise DamagedStreamError("a column of no field")
            self.fields[column.field].columns.append(len(self.columns))
            self.columns.append(column)
        for record in frames.records():
            physical, of = record.take(_ALIAS)
            if of >= len(self.fields) or physical >= len(self.columns):
                raise DamagedStreamError("an alias of no column")
            self.fields[of].columns.append(physical)
        frames.list()  # what streamers would need

    def _read_field(self, record: Frames) -> None:
        _, _, parent, role, flags = record.take(_FIELD)
        name, type_name, _, _ = record.text(), record.text(), record.text(), record.text()
        (repetition,) = record.take(_U8) if flags & _REPETITIVE else (1,)
        number = len(self.fields)
        self.fields.append(
            StoredField(
                role=role,
                name=name,
                type=type_name,
                repetition=repetition,
                projected=bool(flags & _PROJECTED),
            )
        )
        if parent == number:
            self.top.append(number)
        elif parent < number:
            self.fields[parent].children.append(number)
        else:
            raise DamagedStreamError("a field before the one that holds it")


def _column(record: Frames) -> StoredColumn:
    kind, bits, of, flags, representation = record.take(_COLUMN)
    (first,) = record.take(_U8) if flags & _DEFERRED else (0,)
    low, high = record.take(_RANGE) if flags & _BOUNDED else (0.0, 0.0)
    return StoredColumn(
        type=kind,
        bits=bits,
        field=of,
        representation=representation,
        first=first,
        low=low,
        high=high,
    )
