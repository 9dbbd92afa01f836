"""Branches that some files of a training lacked and that were filled: so they are at prediction."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
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


def filled_by(gaps: Sequence[Gap], names: AbstractSet[str]) -> dict[str, str]:
    """Return the branches that are filled beside `names`, each with one whose rows are as long.

    As in training: a row has an object for each of another branch of the collection that is there,
    and nothing ("") where the whole collection is missing.
    """
    likes = {gap.name: gap.like for gap in gaps}
    return {name: _source(name, likes, names) for name in sorted(likes.keys() - names)}


def _source(name: str, likes: Mapping[str, Sequence[str]], names: AbstractSet[str]) -> str:
    """Return the nearest branch that is there and has rows as long; "" if there is none."""
    reached = {name}
    waiting = deque(reached)
    while waiting:
        each = waiting.popleft()
        for like in likes.get(each, ()):
            if like in names:
                return like
            if like not in reached:
                reached.add(like)
                waiting.append(like)
    return ""
