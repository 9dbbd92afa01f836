"""Which branches an entry must have, and of which kind."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from mlaas4hep.core.data.nesting import SIZES
from mlaas4hep.core.models.bundle.gap import Gap, RowLengths
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, kw_only=True)
class Schema:
    """Which branches an entry must have, and of which kind."""

    flat: frozenset[str]  #: a number each
    jagged: frozenset[str]  #: a list of numbers each
    either: frozenset[str] = frozenset()  #: only preproc.json reads them: a number or a list
    identifiers: frozenset[str] = frozenset()  #: may be there; never features
    texts: frozenset[str] = frozenset()  #: flat ones that are texts, not numbers
    flags: frozenset[str] = frozenset()  #: training saw nothing but 0 and 1, or between
    unused: frozenset[str] = frozenset()  #: may be there; empty in every entry of the training
    gaps: tuple[
        Gap, ...
    ] = ()  #: of the required ones, those that are filled where they are missing

    @cached_property
    def required(self) -> frozenset[str]:
        """Return the branches that the model reads of each entry."""
        return self.flat | self.jagged | self.either

    @cached_property
    def filled(self) -> frozenset[str]:
        """Return those of them that an entry may lack, as files of the training did."""
        return frozenset(gap.name for gap in self.gaps)

    @cached_property
    def row_lengths(self) -> RowLengths:
        """Return what tells how long the rows of a branch are that is filled."""
        return RowLengths(self.gaps)

    @cached_property
    def needed(self) -> frozenset[str]:
        """Return the branches that no entry may lack."""
        return self.required - self.filled

    def by_kind(self) -> dict[str, list[str]]:
        """Return the names of branches by what people are told of them, each kind sorted."""
        kinds = ("flat", "jagged", "either", "identifiers", "filled")
        return {kind: sorted(getattr(self, kind)) for kind in kinds}

    @cached_property
    def known(self) -> frozenset[str]:
        """Return the branches that an entry may have."""
        return self.required | self.identifiers | self.unused

    @cached_property
    def nested(self) -> tuple[str, ...]:
        """Return the branches that may have rows within rows."""
        return tuple(name for name in self.jagged | self.either if f"{name}{SIZES}" in self.known)

    def check_names(self, names: AbstractSet[str], of: str) -> None:
        """Refuse unknown branches, then missing ones; `of` says what they are the branches of.

        Raises:
            InvalidRequestError: it names the branch.
        """
        for name in sorted(names - self.known)[:1]:
            raise InvalidRequestError(
                f"{of} has branch {name!r}, which the model does not know",
                branch=name,
                hint=nearest(name, self.known),
            )
        missing = sorted(self.needed - names)
        if missing:
            more = f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""
            raise InvalidRequestError(
                f"{of} has no branch {missing[0]!r}{more}",
                branch=missing[0],
                hint=f"the model needs {len(self.needed)} branches of each entry",
            )
