"""What a look at the store finds."""

from dataclasses import dataclass
from typing import Literal

from mlaas4hep.errors import DamagedError

Kind = Literal["damaged", "missing", "orphan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One object that is not as it should be."""

    bucket: str
    key: str
    kind: Kind
    what: str  #: in a few words
    hint: str = ""  #: what to do about it
    makes_itself: bool = False  #: if it is deleted, whoever needs it makes it again


def damage(bucket: str, key: str, error: DamagedError, *, makes_itself: bool = False) -> Finding:
    """Return the finding about an object whose reader says that it is damaged."""
    return Finding(
        bucket=bucket,
        key=key,
        kind="damaged",
        what=error.problem.message,
        hint=error.problem.hint,
        makes_itself=makes_itself,
    )
