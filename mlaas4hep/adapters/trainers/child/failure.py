"""How the training process ends when it cannot go on: in words, without a traceback."""

import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import mlaas4hep
from mlaas4hep.adapters.trainers.child.gone import instead_of
from mlaas4hep.core.models.training import EntryOfChunk, TrainingJob

MODEL_FILE = "model.py"
_OURS = str(Path(mlaas4hep.__file__).parent)
_PLACE = re.compile(
    rf'File "(?![^"]*site-packages|{re.escape(_OURS)})(?:[^"]*/)?model\.py", line (\d+)'
)
LOGGED = "the traceback is in the run's log"
_NOT_LOGGED = "a run keeps the traceback in its log"
_PACKAGES = "there are {}, numpy, matplotlib and Python's own modules here"


class TrainingError(Exception):
    """The training cannot go on, and trying again cannot help."""

    def __init__(
        self, message: str, hint: str = "", entry: EntryOfChunk | None = None, *, branch: str = ""
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.entry = entry  #: whose label is why
        self.branch = branch  #: or expression, of which the values are why


class LabelError(TrainingError):
    """Labels of entries are why, whose branch the job names."""


class TooLongError(BaseException):
    """model.py ran longer than it may; not an Exception, so that `except Exception` lets it by."""


@contextmanager
def without_log() -> Iterator[None]:
    """Say of errors that their tracebacks are kept by runs only: a dry run has no log.

    Raises:
        TrainingError: the one that was raised, with another hint.
    """
    try:
        yield
    except TrainingError as error:
        error.hint = error.hint.replace(LOGGED, _NOT_LOGGED)
        raise


@contextmanager
def explained(doing: str, hint: str, packages: str = "keras, tensorflow") -> Iterator[None]:
    """Turn whatever is raised into a `TrainingError`; the traceback goes to the log.

    Args:
        doing: what goes on, for errors that do not come from model.py.
        hint: of errors that say nothing better, and come from no line of model.py.
        packages: that can be imported.
    """
    try:
        yield
    except BaseException as error:  # the outermost frame around somebody's program
        told = explanation(error, doing, hint, packages)
        if told is error:
            raise
        traceback.print_exc()
        raise told from error


def explanation(
    error: BaseException, doing: str, hint: str, packages: str = "keras, tensorflow"
) -> TrainingError:
    """Return what is told about an error; see `explained`."""
    line = _line(error.__traceback__)
    match error:
        case TrainingError():
            return error
        case TooLongError():
            return TrainingError(
                f"{MODEL_FILE}{line} did not end within {error} s",
                "it should only build and compile the model; training is done for you",
            )
        case SystemExit():
            return TrainingError(
                f"{MODEL_FILE}{line} called sys.exit({error.code!r})",
                "return the compiled model instead",
            )
        case MemoryError():
            return TrainingError(
                f"{doing}{line} needs more memory than the run may use",
                "a smaller model or batch_size, or a larger `memory` in the submission",
            )
    return TrainingError(_described(doing, error), _hint(error, packages) or hint)


def _hint(error: BaseException, packages: str) -> str:
    """Return what to do about an error of somebody's program; empty if it is not in model.py."""
    if instead := instead_of(error):
        return f"write {instead}"
    if isinstance(error, ModuleNotFoundError):
        return _PACKAGES.format(packages)
    at = line_of(error)
    return f"look at line {at} of {MODEL_FILE}; {LOGGED}" if at else ""


def kind_of(made: object) -> str:
    """Return what something is: "nothing", "the class Net", "a list" or "an int"."""
    if made is None:
        return "nothing"
    if isinstance(made, type):
        return f"the class {made.__name__}"
    name = type(made).__name__
    return f"{'an' if name[0] in 'aeiouAEIO' else 'a'} {name}"


def check_gpu(job: TrainingJob, library: str, *, sees_one: bool) -> None:
    """Refuse a training that was promised a GPU and would be done on processors.

    Raises:
        TrainingError: the library that trains sees none.
    """
    if job.resources.device == "gpu" and not sees_one:
        raise TrainingError(
            f"the submission asks for a GPU, and {library} sees none here",
            'submit with "device": "cpu"; GPUs need another image of train (docs/operators.md)',
        )


def line_of(error: BaseException) -> int:
    """Return the line of model.py that an error comes from; 0 if it does not."""
    line = _line_in_graph(error) or _line(error.__traceback__)
    return int(line.removeprefix(", line ") or 0)


def _described(doing: str, error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{MODEL_FILE}, line {error.lineno}: {error.msg}"
    said = _said(error)
    kind = type(error).__name__
    cause = f"{kind}: {said.removeprefix(f'{kind}: ')}" if said else kind
    line = _line_in_graph(error) or _line(error.__traceback__)
    return f"{MODEL_FILE}{line}: {cause}" if line else f"{doing}: {cause}"


def _said(error: BaseException) -> str:
    """Return the line of the message that tells most; TensorFlow puts whole tracebacks there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return ""
    return lines[-1 if lines[0].endswith("in user code:") else 0][:500]


def _line(trace: TracebackType | None) -> str:
    """Return ", line 12" for the innermost frame that lies in model.py."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(trace)
        if f"/{frame.filename}".endswith(f"/{MODEL_FILE}")
        and "site-packages" not in frame.filename  # Keras has a model.py of its own
        and not frame.filename.startswith(_OURS)  # and so do we
    ]
    return f", line {lines[-1]}" if lines else ""


def _line_in_graph(error: BaseException) -> str:
    """Return ", line 12" where TensorFlow traced model.py; it puts the places into the message."""
    lines = _PLACE.findall(str(error))
    return f", line {lines[-1]}" if lines else ""
