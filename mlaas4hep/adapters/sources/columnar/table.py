"""A file that holds one table, and what is found when it is opened."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.places.place import Place
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.tree import BranchInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What there is to know about a table before its entries are read."""

    entries: int
    branches: tuple[BranchInfo, ...]
    unreadable: tuple[tuple[str, str], ...] = ()  #: (column, why it cannot be numbers)
    boundaries: tuple[int, ...] = (0,)  #: entry numbers where reading may start cheaply
    size_bytes: Mapping[str, int] = field(default_factory=dict)  #: of values in memory, about
    content: str = ""  #: hash of what was read to find this out
    layout: str = ""  #: what spares another process to find it out


class Table(Protocol):
    """An open file; it is used by one thread at a time."""

    contents: Contents

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window; fast when it begins where the last one ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a format is given to open a table."""

    place: Place
    file: PlaceFile
    tree: str
    layout: str  #: of `Contents`, when another process has opened the table before; else empty
    stack: ExitStack  #: closes what the table needs when it is not used any more


class OpenTable(Protocol):
    """How a format opens a file."""

    def __call__(self, opening: Opening) -> Table:
        """Return the table; any error of the library or of Python's means that it is damaged."""
