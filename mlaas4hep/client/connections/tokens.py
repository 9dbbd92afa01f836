"""Where a connection's bearer token comes from: one that stays, or one that is renewed."""

from dataclasses import dataclass, field
from typing import Protocol


class Tokens(Protocol):
    """A token that may change while its owner works."""

    def current(self) -> str:
        """Return the token for the next call, renewed if it is about to end; empty: none.

        Raises:
            UnauthenticatedError: it ended, and there is no other.
        """

    def after(self, refused: str) -> str | None:
        """Return another token in place of one that was refused; None if there is no other."""


@dataclass(frozen=True, slots=True)
class OneToken:
    """A token that a person gave."""

    token: str = field(default="", repr=False)

    def current(self) -> str:
        """Return the token."""
        return self.token

    def after(self, refused: str) -> str | None:  # noqa: ARG002 - whatever it was
        """Return None."""
        return None
