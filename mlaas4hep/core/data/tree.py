"""What a file, of whatever format, says about one tree, without reading entries."""

from dataclasses import dataclass, replace
from functools import cached_property
from operator import attrgetter

from mlaas4hep.core import keys
from mlaas4hep.core.data.values.texts import TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchInfo:
    """One branch that can become features."""

    name: str
    #: NumPy name in native byte order, such as "float32", "bool", "uint8"; "text". As it is stored:
    #: whole numbers and bools arrive as float64 where some of them are missing.
    dtype: str
    jagged: bool  #: rows of different lengths; fixed-size arrays count as jagged too
    collection: str = ""  #: branches with the same one share row lengths

    @property
    def is_text(self) -> bool:
        """Tell whether values are texts, which are taken as categories."""
        return self.dtype == TEXT

    @property
    def kind(self) -> str:
        """Return what values are, for eyes: "jagged whole number", "bool"."""
        if self.is_text:
            return self.dtype
        number = {"b": "bool", "i": "whole number", "u": "whole number", "f": "decimal number"}
        letter = "b" if self.dtype == "bool" else self.dtype[0]
        return f"jagged {number[letter]}" if self.jagged else number[letter]

    def goes_with(self, other: "BranchInfo") -> bool:
        """Tell whether values of both can be one feature: kinds of numbers are made alike."""
        return (self.jagged, self.is_text) == (other.jagged, other.is_text)


@dataclass(frozen=True, kw_only=True)
class TreeInfo:
    """What a file, of whatever format, says about one tree, without reading entries."""

    url: str
    tree: str
    uuid: str  #: TFile UUID; with url and size it identifies the content
    size_bytes: int
    entries: int
    branches: tuple[BranchInfo, ...]
    unreadable: tuple[tuple[str, str], ...] = ()  #: (branch, why it cannot be numbers)
    boundaries: tuple[int, ...] = ()  #: entry numbers where reading may start cheaply; 0 first
    sizes: str = ""  #: hash of the compressed sizes of all branches

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the names of the branches that can be numbers."""
        return frozenset(map(attrgetter("name"), self.branches))

    def emptied(self, url: str, tree: str) -> "TreeInfo":
        """Return a tree like this one without entries, for a file that is skipped."""
        return replace(
            self, url=url, tree=tree, uuid="", size_bytes=0, entries=0, boundaries=(0,), sizes=""
        )

    @cached_property  # a thousand branches, asked for by whoever opens and whoever reads
    def identity(self) -> str:
        """Return a hash that differs when the content does, as far as can be told unread.

        A file of an upload is known by its name inside, so that the same file is known again
        when another model.py is uploaded with it.
        """
        place = self.url
        if place.startswith("tarball:"):
            place = place.partition("/files/")[2] or place
        return keys.digest(
            place,
            self.size_bytes,
            self.uuid,
            self.tree,
            self.entries,
            [(branch.name, branch.dtype) for branch in self.branches],
            self.sizes,
        )
