"""Branches that some files of a training lacked and that were filled: so they are at prediction."""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlaas4hep.core.data.tree import BranchInfo

if TYPE_CHECKING:  # predicting loads nothing that opens files
    from mlaas4hep.core.selection.openedfiles import OpenedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One of them; part of a model's contract."""

    branch: BranchInfo
    like: tuple[str, ...] = ()  #: sorted; branches of its collection, whose rows are as long

    @property
    def name(self) -> str:
        """Return the name of the branch."""
        return self.branch.name


def gaps_of(files: "Iterable[OpenedFile]") -> tuple[Gap, ...]:
    """Return what was filled in any of the files of a training, sorted by name."""
    found: dict[str, BranchInfo] = {}
    likes: dict[str, set[str]] = {}
    for file in files:
        for branch in file.lacks:
            found.setdefault(branch.name, branch)
        for name, like in file.like:
            likes.setdefault(name, set()).add(like)
    return tuple(
        Gap(branch=found[name], like=tuple(sorted(likes.get(name, ())))) for name in sorted(found)
    )


class RowLengths:
    """Which branches have rows as long as each other's, as far as gaps tell; made once a model."""

    def __init__(self, gaps: Iterable[Gap]) -> None:
        """Join what is like each other to collections: in the order in which it is told."""
        self._gaps: list[str] = []
        self._collections: dict[str, list[str]] = {}  #: by each of their branches
        for gap in gaps:
            self._gaps.append(gap.name)
            for like in (gap.name, *gap.like):
                self._join(gap.name, like)

    def filled_by(self, names: AbstractSet[str]) -> dict[str, str]:
        """Return the gaps that are filled beside `names`, each with a branch whose rows are as long.

        As in training: a row has an object for each of another branch of the collection that is
        there, and nothing ("") where the whole collection is missing.
        """
        sources: dict[
            int, str
        ] = {}  # entries of strangers come here: each collection is searched once
        found = {}
        for name in sorted(name for name in self._gaps if name not in names):
            collection = self._collections[name]
            if id(collection) not in sources:
                there = (each for each in collection if each in names)
                sources[id(collection)] = next(there, "")
            found[name] = sources[id(collection)]
        return found

    def _join(self, name: str, like: str) -> None:
        mine = self._collections.setdefault(name, [name])
        other = self._collections.setdefault(like, [like])
        if other is not mine:
            mine += other
            self._collections.update(dict.fromkeys(other, mine))
