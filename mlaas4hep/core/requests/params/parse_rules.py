"""From missing, clip, scaling and constant of params.json to checked `Rules`."""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast, get_args

from mlaas4hep.core.data.values.rules import Constant, Range, Rules, Scaling
from mlaas4hep.core.requests.wrongvalue import wrong_param

KEYS = ("missing", "missing_indicator", "clip", "scaling", "constant")
_ALL = "*"
_QUANTILES: Literal["quantiles"] = "quantiles"


def parse_rules(content: Mapping[str, Any]) -> Rules:
    """Return what these keys of params.json say.

    Raises:
        InvalidRequestError: one has a wrong value; the message names it.
    """
    indicator = content.get("missing_indicator", False)
    if not isinstance(indicator, bool):
        raise wrong_param("missing_indicator", indicator, "true or false")
    constant = content.get("constant", Rules().constant)
    if constant not in get_args(Constant):
        raise wrong_param("constant", constant, "'keep' or 'drop'")
    return Rules(
        missing=_table("missing", content.get("missing", []), _numbers),
        indicator=indicator,
        clip=_table("clip", content.get("clip"), _range),
        scaling=_table("scaling", content.get("scaling"), _scaling),
        constant=cast(Constant, constant),
    )


def _table(key: str, value: Any, check: Callable[[str, Any], Any]) -> tuple[tuple[str, Any], ...]:
    """Return (pattern, checked value) pairs; a value without patterns is for all branches."""
    if value in (None, "", [], {}):
        return ()
    if not isinstance(value, dict):
        return ((_ALL, check(key, value)),)
    return tuple((pattern, check(f"{key}.{pattern}", each)) for pattern, each in value.items())


def _numbers(key: str, value: Any) -> tuple[float, ...]:
    numbers = value if isinstance(value, list) else [value]
    if not all(_is_number(number) for number in numbers):
        raise wrong_param(key, value, "a number or a list of numbers such as [-999]")
    return tuple(dict.fromkeys(float(number) for number in numbers))


def _range(key: str, value: Any) -> Range | None:
    if value == _QUANTILES:
        return None
    wanted = "'quantiles' or a range such as [0, 500]"
    if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):  # noqa: PLR2004 - low, high
        raise wrong_param(key, value, wanted)
    low, high = map(float, value)
    if not low < high:
        raise wrong_param(key, value, f"{wanted} with low < high")
    return low, high


def _scaling(key: str, value: Any) -> Scaling:
    if value not in get_args(Scaling):
        raise wrong_param(key, value, f"one of {', '.join(map(repr, get_args(Scaling)))}")
    return cast(Scaling, value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
