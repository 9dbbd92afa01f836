"""Every error of the system; the class says what it means to whoever receives it.

MlaasError
├── PermanentError            422  trying again cannot help: park the event, fail the run
│   ├── InvalidRequestError   400  the request itself is wrong
│   │   └── StrangeEventError      no event of ours: park it, the run goes on
│   ├── UnauthenticatedError  401  no token, or one that does not hold
│   ├── ForbiddenError        403  a valid token that may not do this
│   ├── NotFoundError         404  no such tarball, run, model or object
│   ├── ConflictError         409  not in this state, or already taken
│   ├── TooLargeError         413  over a size limit
│   ├── DamagedError          422  what is stored is not what was written: make it again
│   └── QuotaError            429  over the owner's quota
└── ServiceUnavailableError   503  a part of the platform is away: deliver again later
    ├── StoppingError              this process is told to end: nothing else is away
    └── OverdueError               the time of a step is over: deliver it again
"""

from dataclasses import asdict, dataclass, replace
from typing import ClassVar, Self

_LONGEST = 10_000  #: letters of a text; what somebody sent is not sent back whole


TRACEBACK = "MLAAS4HEP_TRACEBACK"  #: in the environment: commands raise what nobody foresaw


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What went wrong, in the words that a person needs to mend it."""

    code: str  #: stable, snake_case; programs may compare it
    message: str  #: names the thing, the value and the limit
    stage: str = ""  #: upload, submit, specs, chunk-preprocess, train, predict
    file: str = ""  #: the input file, as the person wrote it
    branch: str = ""
    hint: str = ""  #: what to do about it

    def to_json(self) -> dict[str, str]:
        """Return the body of an `error` answer."""
        return asdict(self)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class MlaasError(Exception):
    """The root; carries a `Problem` and the HTTP status that tells it."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"

    def __init__(
        self, message: str, *, stage: str = "", file: str = "", branch: str = "", hint: str = ""
    ) -> None:
        message = _shortened(message)
        super().__init__(message)
        self.problem = Problem(
            code=self.code,
            message=message,
            stage=stage,
            file=_shortened(file),
            branch=_shortened(branch),
            hint=_shortened(hint),
        )

    def located(self, *, stage: str = "", file: str = "", branch: str = "") -> Self:
        """Add where it happened, without replacing what is already known."""
        known = self.problem
        self.problem = replace(
            known,
            stage=known.stage or stage,
            file=known.file or file,
            branch=known.branch or branch,
        )
        return self


class PermanentError(MlaasError):
    """Trying again cannot help: the event is parked and the run fails."""

    status = 422
    code = "unprocessable"


class UnfitEntryError(PermanentError):
    """A training cannot use the label of one entry; whoever knows the plan can say which it is."""

    def __init__(self, message: str, *, chunk: int, draw: int, hint: str = "") -> None:
        """Take the entry's chunk, and its number of `core.data.planning.draws`."""
        super().__init__(message, stage="train", hint=hint)
        self.chunk = chunk
        self.draw = draw


class InvalidRequestError(PermanentError):
    """The request is wrong: a typo, a missing file, a value of the wrong type."""

    status = 400
    code = "invalid_request"


class StrangeEventError(InvalidRequestError):
    """An event that no part of this system sends; it is parked, and the run it names goes on."""

    code = "strange_event"


class UnauthenticatedError(PermanentError):
    """There is no token, or it is expired, tampered with, or meant for others."""

    status = 401
    code = "unauthenticated"


class ForbiddenError(PermanentError):
    """The token is good, but its holder may not do this."""

    status = 403
    code = "forbidden"


class NotFoundError(PermanentError):
    """There is no such tarball, run, model or object (or it belongs to somebody else)."""

    status = 404
    code = "not_found"


class ConflictError(PermanentError):
    """The thing exists already, or is not in a state that allows this."""

    status = 409
    code = "conflict"


class TooLargeError(PermanentError):
    """Something is over a size limit; the message names both numbers."""

    status = 413
    code = "too_large"


class DamagedError(PermanentError):
    """What lies in a store is not what was written there; whoever can makes it again."""

    code = "damaged"


class QuotaError(PermanentError):
    """The owner's quota is used up; deleting or waiting helps."""

    status = 429
    code = "quota_exceeded"


class ServiceUnavailableError(MlaasError):
    """A part of the platform does not answer now; the same call may succeed later."""

    status = 503
    code = "service_unavailable"

    def __init__(self, message: str, *, retry_after_s: float = 0.0, **where: str) -> None:
        """Take what went wrong; `retry_after_s` is when who is away wants to be asked again."""
        super().__init__(message, **where)
        self.retry_after_s = retry_after_s


class StoppingError(ServiceUnavailableError):
    """This process is told to end before it is done; another one does the same again."""

    def __init__(self) -> None:
        super().__init__("this function is being stopped; the work goes on elsewhere")

    def located(self, *, stage: str = "", **_where: str) -> Self:
        """Add where it happened, but no file: no server is away."""
        return super().located(stage=stage)


class OverdueError(ServiceUnavailableError):
    """A step took longer than any may; another delivery of its event begins with what is done."""

    def __init__(self, seconds: float) -> None:
        """Take how long a step may take."""
        super().__init__(
            f"not done within {seconds:.0f} s, the longest that a step may take"
            " (MLAAS_STEP_SECONDS)",
            hint="copy the file nearer, or to a faster server; an operator can raise the limit",
        )
        self._seconds = seconds

    def going_on(self) -> "OverdueError":
        """Return the same about no file: another delivery is nearer to the end than this one."""
        return OverdueError(self._seconds)


def unforeseen(error: Exception) -> MlaasError:
    """Return what whoever typed a command is told of an error that nobody foresaw."""
    text = str(error).partition("\n")[0]
    return MlaasError(
        f"{type(error).__name__}: {text}",
        hint=f"this is a fault of mlaas4hep, not yours; {TRACEBACK}=1 before the command shows"
        " where, for a report",
    )
