"""What a scan is to try: values of params.json and of arguments of `model(idim, …)`."""

import math
import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.core.jsontext import refuse_unknown
from mlaas4hep.core.keys import checked_name
from mlaas4hep.core.requests.request import Scalar
from mlaas4hep.core.requests.wrongvalue import wrong_value
from mlaas4hep.errors import InvalidRequestError

Values = tuple[tuple[str, Scalar], ...]  #: (name, value), such as ("arguments.width", 64)
Method = Literal["grid", "random", "optuna"]
ARGUMENTS = "arguments."  #: begins the names that model.py takes
PARAMS = ("epochs", "batch_size", "shuffle", "split", "training", "seed", "nevts", "chunk_size")
MOST_TRIALS = 500
MOST_PARALLEL = 8
_KEYS = (
    *("method", "params", "arguments", "trials", "parallel", "figure", "direction", "promote"),
    *("prune", "seed"),
)
_HINT = "docs/workflow.md says under Scans what each key may be"
_HIGHER = ("auc", "accuracy", "precision", "recall")  #: figures of which more is better


@dataclass(frozen=True, slots=True, kw_only=True)
class Dimension:
    """One name and what may be tried for it: choices, or a range."""

    name: str
    choices: tuple[Scalar, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    def drawn(self, dice: random.Random) -> Scalar:
        """Return a value by chance."""
        if self.choices:
            return dice.choice(self.choices)
        half = 0.5 if self.whole else 0.0  # both ends are as likely as what lies between them
        low, high = self.low - half, self.high + half
        if self.log:
            value = math.exp(dice.uniform(math.log(low), math.log(high)))
        else:
            value = dice.uniform(low, high)
        return min(max(round(value), int(self.low)), int(self.high)) if self.whole else value


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Which trials there are, and which of them is the best."""

    method: Method
    space: tuple[Dimension, ...]
    trials: int
    parallel: int = 1
    figure: str = "val_loss"
    maximise: bool = False
    promote: str = ""  #: name under which the best model is served; empty: none
    prune: bool = False
    seed: int = 21

    def proposal(self, number: int) -> Values:
        """Return what trial `number` of a grid or a random scan tries; always the same."""
        if self.method == "grid":
            return self._point(number)
        if points := _points(self.space):  # of lists alone no point is drawn twice
            return self._point(self._drawn(points, number + 1)[number])
        dice = random.Random(f"{self.seed}/{number}")  # noqa: S311 - no secret
        return tuple((dimension.name, dimension.drawn(dice)) for dimension in self.space)

    def untried(self, tried: Collection[Values]) -> Values | None:
        """Return the first combination of lists that is not among `tried`; None: there is none."""
        known = set(map(distinct, tried))
        every = (self._point(number) for number in range(_points(self.space)))
        return next((values for values in every if distinct(values) not in known), None)

    def _drawn(self, points: int, count: int) -> list[int]:
        """Return the first different numbers below `points` that chance gives."""
        dice = random.Random(self.seed)  # noqa: S311 - no secret
        found: dict[int, None] = {}
        while len(found) < count:
            found[dice.randrange(points)] = None
        return list(found)

    def _point(self, number: int) -> Values:
        """Return a combination of lists; the last one changes fastest."""
        values: list[tuple[str, Scalar]] = []
        for dimension in reversed(self.space):
            number, at = divmod(number, len(dimension.choices))
            values.append((dimension.name, dimension.choices[at]))
        return tuple(reversed(values))


def distinct(values: Values) -> tuple[tuple[str, type, Scalar], ...]:
    """Return what tells `values` from others: true and 1 are two values, and so are 1 and 1.0."""
    return tuple((name, type(value), value) for name, value in values)


def _points(space: tuple[Dimension, ...]) -> int:
    """Return how many combinations lists have; 0 if something is a range."""
    return math.prod(len(dimension.choices) for dimension in space)


def parse_scan(content: Any) -> Scan:
    """Return what the object `scan` of a body says.

    Raises:
        InvalidRequestError: a key is unknown, missing or wrong; the message names it.
    """
    if not isinstance(content, dict):
        raise _wrong("scan", content, 'an object such as {"params": {"batch_size": [50, 100]}}')
    refuse_unknown(content, _KEYS, "scan")
    method = content.get("method", "grid")
    if method not in get_args(Method):
        raise _wrong("method", method, f"one of {', '.join(map(repr, get_args(Method)))}")
    space = (*_params(content.get("params", {})), *_arguments(content.get("arguments", {})))
    if not space:
        raise InvalidRequestError(
            "scan: there is nothing to try", hint='"params": {"batch_size": [50, 100]}'
        )
    figure = content.get("figure", "val_loss")
    if not isinstance(figure, str) or not figure:
        raise _wrong("figure", figure, "the name of a figure such as 'val_loss' or 'test_auc'")
    promote = content.get("promote", "")
    return Scan(
        method=method,
        space=space,
        trials=_trials(method, space, content.get("trials")),
        parallel=_whole("parallel", content.get("parallel", 1), 1, MOST_PARALLEL),
        figure=figure,
        maximise=_maximise(content.get("direction"), figure),
        promote=checked_name(promote, "promote") if promote else "",
        prune=_prune(content.get("prune", False), method),
        seed=_whole("seed", content.get("seed", 21), 0, DOUBLES_HOLD),
    )


def _params(content: Any) -> tuple[Dimension, ...]:
    if not isinstance(content, dict):
        raise _wrong("params", content, "an object of names and what to try")
    refuse_unknown(content, PARAMS, "scan.params")
    return tuple(_dimension(name, value) for name, value in content.items())


def _arguments(content: Any) -> tuple[Dimension, ...]:
    if not isinstance(content, dict) or not all(name.isidentifier() for name in content):
        raise _wrong("arguments", content, "an object of arguments of model(idim, …)")
    return tuple(_dimension(f"{ARGUMENTS}{name}", value) for name, value in content.items())


def _dimension(name: str, value: Any) -> Dimension:
    if isinstance(value, list) and value and all(isinstance(one, Scalar) for one in value):
        return Dimension(name=name, choices=_different(name, value))
    if isinstance(value, dict):
        return _range(name, value)
    raise _wrong(name, value, 'a list of values, or {"low": 0, "high": 0.5}')


def _different(name: str, values: list[Scalar]) -> tuple[Scalar, ...]:
    """Return `values`, of which none may stand there twice: it would be trained twice."""
    seen: set[Any] = set()
    for value in values:
        (told,) = distinct(((name, value),))
        if told in seen:
            raise InvalidRequestError(
                f"scan: {name} has {value!r} twice",
                hint='a value is tried once; for other random choices scan "seed"',
            )
        seen.add(told)
    return tuple(values)


def _range(name: str, value: Mapping[str, Any]) -> Dimension:
    refuse_unknown(value, ("low", "high", "log"), f"scan: {name}")
    low, high, log = value.get("low"), value.get("high"), value.get("log", False)
    numbers = all(
        isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one)
        for one in (low, high)
    )
    if not numbers or not low < high or not isinstance(log, bool) or (log and low <= 0):  # type: ignore[operator]
        raise _wrong(name, value, "a range with low < high; above 0 where log is true")
    whole = isinstance(low, int) and isinstance(high, int)
    return Dimension(name=name, low=low, high=high, log=log, whole=whole)  # type: ignore[arg-type]


def _trials(method: str, space: tuple[Dimension, ...], value: Any) -> int:
    points = _points(space)
    if method != "grid":
        wanted = _whole("trials", 20 if value is None else value, 1, MOST_TRIALS)
        return min(points, wanted) if points else wanted
    for dimension in space:
        if not dimension.choices:
            raise InvalidRequestError(
                f"scan: {dimension.name} is a range, and a grid needs a list of values",
                hint='"method": "random" or "optuna" take ranges',
            )
    if points > MOST_TRIALS:
        raise InvalidRequestError(
            f"scan: the grid has {points} points, {MOST_TRIALS} are allowed",
            hint='"method": "random" with "trials"',
        )
    return points if value is None else min(points, _whole("trials", value, 1, MOST_TRIALS))


def _maximise(direction: Any, figure: str) -> bool:
    if direction is None:
        return figure.endswith(_HIGHER)
    if direction not in ("min", "max"):
        raise _wrong("direction", direction, "'min' or 'max'")
    return bool(direction == "max")


def _prune(value: Any, method: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong("prune", value, "true or false")
    if value and method != "optuna":
        raise InvalidRequestError("scan: only method 'optuna' prunes", hint='"method": "optuna"')
    return value


def _whole(key: str, value: Any, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _wrong(key, value, f"a whole number from {low} to {high}")
    return value


def _wrong(key: str, value: Any, wanted: str) -> InvalidRequestError:
    return wrong_value("scan", key, value, wanted, _HINT)
