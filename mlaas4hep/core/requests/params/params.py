"""From the text of params.json to checked `Params`: wrong types, ranges and typos are refused."""

import math
from collections.abc import Callable, Mapping
from typing import Any, get_args

from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.core.jsontext import name_list, parse_object, refuse_unknown
from mlaas4hep.core.requests import frameworks
from mlaas4hep.core.requests.params import foreignnames, parse_rules, parse_splitting, parse_weights
from mlaas4hep.core.requests.params import parse_fitting as fitting
from mlaas4hep.core.requests.request import (
    AUTO,
    DEFAULT_IDENTIFIERS,
    MetricsRequest,
    MissingBranches,
    OnBadFile,
    Params,
    Scalar,
)
from mlaas4hep.core.requests.task import Task
from mlaas4hep.core.requests.wrongvalue import PARAMS_HINT, wrong_value
from mlaas4hep.errors import InvalidRequestError

ReadMember = Callable[[str], str | None]
_DEFAULTS = Params()
_A_DAY_S = 24 * 3600
_SCHEMES = ("root://", "roots://", "xroot://", "http://", "https://")


def parse_params(text: str, read_member: ReadMember) -> Params:
    """Return what a params.json says.

    Args:
        text: the content of the file.
        read_member: gives the text of a file in the tarball, or None if there is none;
            `selected_branches` and `exclude_branches` may name one.

    Raises:
        InvalidRequestError: it is not JSON, or a key is unknown or has a wrong value; the
            message names the key.
    """
    content = parse_object(text, "params.json")
    refuse_unknown(content, known_keys(), "params.json", foreignnames.KEYS)
    values: dict[str, Any] = {"training": AUTO} | {
        key: _CHECKS[key](key, content[key]) for key in content if key in _CHECKS
    }
    for key in _BRANCH_LISTS:
        values[key] = _branches(key, content, read_member)
    return Params(
        **values,
        fitting=fitting.parse_fitting(content),
        rules=parse_rules.parse_rules(content),
        weighting=parse_weights.parse_weighting(content),
        splitting=parse_splitting.parse_splitting(content),
    )


def known_keys() -> tuple[str, ...]:
    """Return every key that a params.json may have."""
    return (*_CHECKS, *_BRANCH_LISTS, *_MORE_KEYS)


def _wrong(key: str, value: Any, wanted: str) -> InvalidRequestError:
    usual = getattr(_DEFAULTS, key.partition(".")[0])
    is_shown = isinstance(usual, str | int | float) and usual != ""
    hint = f"without {key} it is {usual!r}" if is_shown else PARAMS_HINT
    return wrong_value("params.json", key, value, wanted, hint)


def _whole(
    least: int, *, most: int = DOUBLES_HOLD, all_of_them: bool = False
) -> Callable[[str, Any], int]:
    """Return a check for whole numbers of at least `least`, or -1 for all."""
    wanted = f"a whole number of at least {least}{', or -1 for all' if all_of_them else ''}"
    if most < DOUBLES_HOLD:
        wanted = f"a whole number from {least} to {most}"

    def check(key: str, value: Any) -> int:
        if isinstance(value, float) and value.is_integer():  # 1e5
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value > most:
            raise _wrong(key, value, wanted)
        if value < least and not (all_of_them and value == -1):
            raise _wrong(key, value, wanted)
        return value

    return check


def _verbose(key: str, value: Any) -> int:
    """Accept the texts, "1", and bools that old files have."""
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool):
        value = int(value)
    return _whole(0)(key, value)


def _truth(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(key, value, "true or false")
    return value


def _text(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(key, value, "a text")
    return value.strip()


def _tree(key: str, value: Any) -> str:
    name = _text(key, value).strip("/")
    if not name:
        raise _wrong(key, value, "the name of a tree")
    return name


def _share(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise _wrong(key, value, "a number from 0 up to, but not including, 1")
    return float(value)


def _training(key: str, value: Any) -> str:
    if value not in (AUTO, "chunked", "standard"):
        raise _wrong(key, value, "'chunked' or 'standard'")
    return str(value)


def _framework(key: str, value: Any) -> str:
    if value not in frameworks.NAMES:
        wanted = f"one of {', '.join(map(repr, frameworks.NAMES))}"
        raise wrong_value("params.json", key, value, wanted, frameworks.meant(str(value)))
    return str(value)


def _task(key: str, value: Any) -> str:
    if value not in get_args(Task):
        raise _wrong(key, value, f"one of {', '.join(map(repr, get_args(Task)))}")
    return str(value)


def _class(key: str, value: Any) -> str:
    """Return the name of a class; a label that is a number may be given as one."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise _wrong(key, value, "a class: a label of labels.txt")
    return value.strip() if isinstance(value, str) else f"{value:g}"


def _arguments(key: str, value: Any) -> tuple[tuple[str, Scalar], ...]:
    if not isinstance(value, dict) or not all(name.isidentifier() for name in value):
        raise _wrong(key, value, 'an object such as {"width": 64}')
    for name, one in value.items():
        if not isinstance(one, Scalar):
            raise _wrong(f"{key}.{name}", one, "a number, a text, true or false")
    return tuple(value.items())


def _nan(key: str, value: Any) -> float:
    if isinstance(value, str) and value.strip().lower() in {"nan", "np.nan"}:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong(key, value, 'a number or "nan"')
    return float(value)


def _identifier(key: str, value: Any) -> tuple[str, ...]:
    return name_list(value, f"params.json: {key}") or DEFAULT_IDENTIFIERS


def _missing_branches(key: str, value: Any) -> str:
    if value not in get_args(MissingBranches):
        raise _wrong(key, value, "'error', 'common' or 'fill'")
    return str(value)


def _on_bad_file(key: str, value: Any) -> str:
    if value not in get_args(OnBadFile):
        raise _wrong(key, value, "'fail' or 'skip'")
    return str(value)


def _redirector(key: str, value: Any) -> str:
    prefix = _text(key, value)
    if prefix and not prefix.startswith(_SCHEMES):
        raise _wrong(key, value, "a server such as root://xrootd.example.org")
    return prefix.rstrip("/")


def _metrics(key: str, value: Any) -> MetricsRequest:
    if isinstance(value, bool):
        return MetricsRequest(wanted=value)
    if not isinstance(value, dict):
        raise _wrong(key, value, 'true, false or {"threshold": 0.5}')
    refuse_unknown(value, ("threshold",), f"params.json: {key}")
    threshold = value.get("threshold", MetricsRequest().threshold)
    if isinstance(threshold, bool) or not isinstance(threshold, int | float):
        raise _wrong(f"{key}.threshold", threshold, "a number from 0 to 1")
    if not 0 <= threshold <= 1:
        raise _wrong(f"{key}.threshold", threshold, "a number from 0 to 1")
    return MetricsRequest(wanted=True, threshold=float(threshold))


def _branches(key: str, content: Mapping[str, Any], read_member: ReadMember) -> tuple[str, ...]:
    """Return names or globs: a list, a comma separated text, or lines of a file."""
    value = content.get(key, "")
    if isinstance(value, str) and value.strip() and "," not in value:
        lines = read_member(value.strip())
        if lines is not None:
            plain = (line.split("#", 1)[0] for line in lines.splitlines())
            return name_list(",".join(plain), f"params.json: {key}")
    return name_list(value, f"params.json: {key}")


_MORE_KEYS = (*parse_rules.KEYS, *parse_weights.KEYS, *parse_splitting.KEYS, *fitting.KEYS)
_BRANCH_LISTS = ("selected_branches", "exclude_branches")
_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "nevts": _whole(1, all_of_them=True),
    "chunk_size": _whole(1, all_of_them=True),
    "branch": _tree,
    "identifier": _identifier,
    "missing_branches": _missing_branches,
    "on_bad_file": _on_bad_file,
    "file_patience": _whole(1, most=_A_DAY_S),
    "redirector": _redirector,
    "epochs": _whole(1),
    "batch_size": _whole(1),
    "shuffle": _truth,
    "split": _share,
    "training": _training,
    "seed": _whole(0, most=2**32 - 1),  # what NumPy and the frameworks take
    "metrics": _metrics,
    "framework": _framework,
    "hist": _text,
    "nan": _nan,
    "verbose": _verbose,
    "task": _task,
    "positive": _class,
    "arguments": _arguments,
}
