"""Input files that a run waits for, and those that it goes on without."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedFile:
    """A file whose server is away; it is asked for again."""

    file: str  #: as the person wrote it
    tries: int  #: that failed
    most: int  #: tries, before the run does without it or fails
    again_at: float  #: seconds since the epoch
    reason: str

    @property
    def next_try(self) -> int:
        """Return which try comes next, from 1."""
        return min(self.tries + 1, self.most)

    def sentence(self, now: float) -> str:
        """Return what is waited for, in a sentence for people who wait."""
        left = max(0, round(self.again_at - now))
        when = f"next in {left} s" if left else "the next is under way"
        reason = _reason(self.reason, self.file)
        attempt = f"attempt {self.next_try} of {self.most}"
        return f"waiting for {self.file}: {attempt}, {when}, because {reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedFile:
    """A file that cannot be read, and that `on_bad_file` lets the run do without."""

    file: str
    reason: str
    entries: int | None = None  #: that were to be used of it; None: it could not even be opened

    def sentence(self) -> str:
        """Return what was skipped and why, in a sentence."""
        count = "" if self.entries is None else f" with {self.entries} entries"
        return f"skipped {self.file}{count}: {_reason(self.reason, self.file)}"


def _reason(message: str, file: str) -> str:
    """Return a message about a file without its name, which has been told."""
    return message.removeprefix(f"{file}: ").removeprefix(f"{file!r}: ")
