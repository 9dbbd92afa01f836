"""Why nothing can be learned from entries, in the words of an error."""

from dataclasses import dataclass

from mlaas4hep.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """What is wrong, and where a person mends it."""

    message: str
    hint: str  #: what to do about it
    file: str = ""  #: that asks for it; a message of a training begins with it
    branch: str = ""  #: or expression, of which the values are why

    def error(self) -> PermanentError:
        """Return the error of a run that ends for it."""
        return PermanentError(
            self.message, stage="train", file=self.file, branch=self.branch, hint=self.hint
        )
