"""Runs model.py within its time, and finds the framework whose model it made."""

import faulthandler
import inspect
import reprlib
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from mlaas4hep.adapters.trainers.child.failure import (
    LOGGED,
    MODEL_FILE,
    TooLongError,
    TrainingError,
    explanation,
    line_of,
)
from mlaas4hep.adapters.trainers.child.labels import check_one_label
from mlaas4hep.adapters.trainers.framework import Ageing, BlockModel, Framework, SampleModel
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.frameworks import SEVERAL_LABELS, info
from mlaas4hep.core.requests.request import Scalar

_GRACE_SECONDS = 5
_BY_NAME = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)
_WIDTH = "idim"  #: what the first argument of `model` is usually called


class BuiltModel(NamedTuple):
    """What a model.py gives."""

    framework: Framework
    model: BlockModel | SampleModel
    warnings: tuple[str, ...]  #: what its author may not expect of the call


def build(
    path: Path, job: TrainingJob, frameworks: Sequence[Framework], seconds: int
) -> BuiltModel:
    """Run model.py and return its model, with the first of `frameworks` that knows it.

    Raises:
        TrainingError: it raises, ends, takes too long, or gives something else.
    """
    with ExitStack() as stack:
        for framework in frameworks:
            stack.enter_context(framework.running(job.params.seed))
        try:
            return _built(path, job, frameworks, seconds)
        except _NotBuiltError as failed:
            found = failed
            if _become_older(frameworks, failed.cause, job.params.seed):
                try:
                    return _built(path, job, frameworks, seconds)
                except _NotBuiltError as again:
                    found = _further(failed, again)
    if not isinstance(found.cause, TrainingError):
        traceback.print_exception(found.cause)
    raise found.told from found.cause


def _further(first: "_NotBuiltError", again: "_NotBuiltError") -> "_NotBuiltError":
    """Return the attempt that came further; of two that did not, the one that says more."""
    if isinstance(again.cause, ImportError) and not isinstance(first.cause, ImportError):
        return first  # model.py is not for that release
    if first.is_early and not again.is_early:
        return again
    lines = line_of(first.cause), line_of(again.cause)
    if lines[0] == lines[1]:
        return again if isinstance(first.cause, ImportError) else first
    return first if lines[0] > lines[1] else again


class _NotBuiltError(Exception):
    """What model.py or its model raised, and what is told about it."""

    def __init__(self, cause: BaseException, told: TrainingError, *, is_early: bool) -> None:
        super().__init__(str(told))
        self.is_early = is_early  #: model.py itself did not get to its end
        self.cause = cause
        self.told = told


def _built(
    path: Path, job: TrainingJob, frameworks: Sequence[Framework], seconds: int
) -> BuiltModel:
    packages = _importable(job.frameworks)
    with _caught(MODEL_FILE, LOGGED, packages), _time_limit(seconds):
        defined = _run(path)
        arguments = dict(job.params.arguments)
        first = _first(_function(defined), arguments)
        made = _call(_function(defined), first, job.columns, arguments)
    hint = f"the network gets {job.columns} numbers per entry"
    with _caught(f"{MODEL_FILE}, the model", hint, packages), _time_limit(seconds):
        if made is None:
            raise TrainingError(
                f"{MODEL_FILE}: `model` returns nothing", "end it with `return` and the model"
            )
        known = (framework for framework in frameworks if framework.owns(made))
        framework = next(known, frameworks[0])
        _check_keys(job, job.frameworks[frameworks.index(framework)])
        model = framework.build(made, job, defined)
        return BuiltModel(framework, model, _warned(first, job.columns))


def _check_keys(job: TrainingJob, name: str) -> None:
    for key in job.params.fitting.used:
        if key not in info(name).takes:
            raise TrainingError(
                f"params.json: {key} is not for {info(name).title}", f"leave {key} away"
            )
    if SEVERAL_LABELS not in info(name).takes:
        check_one_label(info(name).title, job)


def _importable(frameworks: Sequence[str]) -> str:
    """Return which packages of these frameworks are here, with commas between."""
    packages = (name for each in frameworks for name in info(each).packages[:2])
    return ", ".join(name for name in packages if find_spec(name) is not None)


@contextmanager
def _caught(doing: str, hint: str, packages: str) -> Iterator[None]:
    try:
        yield
    except BaseException as error:  # the outermost frame around somebody's program
        told = explanation(error, doing, hint, packages)
        raise _NotBuiltError(error, told, is_early=doing == MODEL_FILE) from error


def _become_older(frameworks: Sequence[Framework], error: BaseException, seed: int) -> bool:
    """Let a framework become an earlier release, for which model.py may be; tell whether."""
    kinds = (each for each in frameworks if isinstance(each, Ageing))
    return any(each.older(error, seed) for each in kinds)


def _run(path: Path) -> Mapping[str, Any]:
    """Run model.py as the module `model`, and return what it defines."""
    module = types.ModuleType("model")
    module.__file__ = str(path)
    if str(path.parent) not in sys.path:  # files that lie beside it may be imported
        sys.path.insert(0, str(path.parent))
    sys.modules["model"] = module  # where pickle looks for its classes
    code = compile(path.read_bytes(), str(path), "exec")
    exec(code, module.__dict__)  # noqa: S102 - this process exists to run it, confined
    return vars(module)


def _function(defined: Mapping[str, Any]) -> Callable[..., Any]:
    function = defined.get("model")
    if not callable(function):
        what = (
            "has no function `model`" if function is None else "has a `model` that is no function"
        )
        raise TrainingError(f"{MODEL_FILE} {what}", "def model(idim): return a model")
    return function  # type: ignore[no-any-return]


def _first(function: Callable[..., Any], arguments: Mapping[str, Any]) -> inspect.Parameter | None:
    """Return the parameter of `model(idim, …)` that takes the width; None: there is none.

    Raises:
        TrainingError: it does not take one of the arguments.
    """
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # a builtin without a signature
        return inspect.Parameter(_WIDTH, inspect.Parameter.POSITIONAL_ONLY)
    _check_arguments(parameters, arguments)
    by_place = (one for one in parameters.values() if one.kind not in _BY_NAME)
    first = next(by_place, None)
    return None if first is None or first.name in arguments else first


def _call(
    function: Callable[..., Any],
    first: inspect.Parameter | None,
    columns: int,
    arguments: Mapping[str, Any],
) -> Any:
    return function(**arguments) if first is None else function(columns, **arguments)


def _warned(first: inspect.Parameter | None, columns: int) -> tuple[str, ...]:
    """Tell of a default that is not used, because the width takes its place."""
    if first is None or first.name == _WIDTH or not isinstance(first.default, Scalar):
        return ()
    default = f"{first.name}={reprlib.repr(first.default)}"
    told = f"the first argument of `model` is the number of columns: {first.name} is {columns}"
    instead = f"if it is something else, write def model({_WIDTH}, {default})"
    return (f"{MODEL_FILE}: {told}; {instead}",)


def _check_arguments(
    parameters: Mapping[str, inspect.Parameter], arguments: Mapping[str, Any]
) -> None:
    if any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        return
    unknown = sorted(arguments.keys() - parameters.keys())
    if unknown:
        raise TrainingError(
            f"{MODEL_FILE}: `model` takes no argument {unknown[0]!r}",
            f"it takes {', '.join(parameters) or 'none'}; write def model(idim, {unknown[0]}=…)",
        )


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """Raise in Python code after `seconds`; end the process a little later in any other code."""

    def stop(_number: int, _frame: types.FrameType | None) -> None:
        raise TooLongError(seconds)

    late = seconds + _GRACE_SECONDS
    faulthandler.dump_traceback_later(late, exit=True, file=2)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        faulthandler.cancel_dump_traceback_later()
