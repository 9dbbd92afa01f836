"""From weight, xsec, weight_norm … of params.json to a checked `Weighting`."""

import math
from collections.abc import Mapping
from typing import Any, get_args

from mlaas4hep.core.data.weighting import (
    BALANCED,
    Balance,
    ClassWeight,
    Negative,
    Norm,
    PerFile,
    Weighting,
)
from mlaas4hep.core.requests.params.expressions import expression_of
from mlaas4hep.core.requests.wrongvalue import wrong_value
from mlaas4hep.errors import InvalidRequestError

KEYS = (
    *("weight", "xsec", "weight_norm", "luminosity", "negative_weights", "balance"),
    "class_weight",
)
_FILES = '[1.0, 0.5] for the lines of files.txt, or {"ttbar*": 1.0}'


def parse_weighting(content: Mapping[str, Any]) -> Weighting:
    """Return what these keys of params.json say.

    Raises:
        InvalidRequestError: one has a wrong value, or they do not fit together.
    """
    weight, xsec = content.get("weight", ""), _per_file("xsec", content.get("xsec", []))
    is_text = isinstance(weight, str)
    norm = _one_of(content, "weight_norm", Norm, "xsec" if xsec else "none")
    for name, number in (("xsec", one) for one in _numbers(xsec)):
        if number <= 0:
            raise _wrong(name, number, "a positive cross section")
    if norm == "none" and xsec:
        raise unused("xsec")
    return Weighting(
        expression=expression_of("weight", weight) if is_text else "",
        numbers=PerFile() if is_text else _per_file("weight", weight),
        xsec=xsec,
        norm=norm,
        luminosity=_positive("luminosity", content.get("luminosity", 1.0)),
        negative=_one_of(content, "negative_weights", Negative, "keep"),
        balance=_one_of(content, "balance", Balance, "none"),
        class_weight=_class_weight(content),
    )


def unused(key: str) -> InvalidRequestError:
    """Return the error about a cross section or luminosity that no weight is scaled to."""
    return InvalidRequestError(
        f"params.json: {key} is given, but nothing uses it",
        file="params.json",
        hint='"weight_norm": "xsec" and "xsec" normalise to cross section x luminosity',
    )


def _class_weight(content: Mapping[str, Any]) -> ClassWeight:
    value = content.get("class_weight", {})
    if value == BALANCED or isinstance(value, dict):
        if value and content.get("balance", "none") != "none":
            raise InvalidRequestError(
                "params.json: both balance and class_weight say what a class counts",
                hint="leave one of them away: balance also counts in the validation's loss",
            )
        return BALANCED if value == BALANCED else _class_factors(value)
    raise _wrong("class_weight", value, '"balanced", or factors: {"0": 1, "1": 20}')


def _class_factors(value: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    found = tuple((name, _number(f"class_weight.{name}", one)) for name, one in value.items())
    for name, factor in found:
        if factor < 0:
            raise _wrong(f"class_weight.{name}", factor, "a factor of at least 0")
    numbered = [_as_number(name) for name, _ in found]
    twice = next((name for place, name in enumerate(numbered) if name in numbered[:place]), None)
    if twice is not None:
        raise _wrong("class_weight", value, f"one factor a class, and {twice} has two")
    return found


def _as_number(name: str) -> float | str:
    """Return the number that is a class, such as 1 for "1" and "1.0"; a name as it is."""
    try:
        return float(name)
    except ValueError:
        return name


def _per_file(key: str, value: Any) -> PerFile:
    if isinstance(value, list):
        return PerFile(by_line=tuple(_number(f"{key}[{i}]", one) for i, one in enumerate(value)))
    if isinstance(value, dict) and value:
        named = ((name, _number(f"{key}.{name}", one)) for name, one in value.items())
        return PerFile(by_name=tuple(named))
    wanted = f"numbers such as {_FILES}"
    raise _wrong(key, value, f"a branch, an expression, or {wanted}" if key == "weight" else wanted)


def _numbers(per_file: PerFile) -> tuple[float, ...]:
    return (*per_file.by_line, *(number for _, number in per_file.by_name))


def _one_of(content: Mapping[str, Any], key: str, kinds: Any, usual: str) -> Any:
    value = content.get(key, usual)
    if value not in get_args(kinds):
        raise _wrong(key, value, f"one of {', '.join(map(repr, get_args(kinds)))}")
    return value


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(key, value, "a number")
    return float(value)


def _positive(key: str, value: Any) -> float:
    number = _number(key, value)
    if number <= 0:
        raise _wrong(key, value, "a positive number")
    return number


def _wrong(key: str, value: Any, wanted: str) -> InvalidRequestError:
    hint = f"without {key.partition('[')[0]} all entries count alike"
    return wrong_value("params.json", key, value, wanted, hint)
