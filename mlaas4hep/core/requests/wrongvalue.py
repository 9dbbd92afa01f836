"""How a value that somebody wrote is refused: what it is, what it may be, and what to do."""

from typing import Any

from mlaas4hep.errors import InvalidRequestError

PARAMS_HINT = "docs/params.md says what each key may be"


def wrong_value(where: str, key: str, value: Any, wanted: str, hint: str) -> InvalidRequestError:
    """Return the error about a value.

    Args:
        where: the file or object that has it, such as "params.json".
        key: that has it.
        value: as it was written.
        wanted: what it may be.
        hint: what to do about it.
    """
    return InvalidRequestError(f"{where}: {key} is {value!r}, not {wanted}", hint=hint)


def wrong_param(key: str, value: Any, wanted: str) -> InvalidRequestError:
    """Return the error about a value of params.json."""
    return wrong_value("params.json", key, value, wanted, PARAMS_HINT)
