"""Values to JSON and back; the one file that knows pydantic."""

from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:  # 50 ms, which no function takes before its first record
    import pydantic

from mlaas4hep.errors import InvalidRequestError

T = TypeVar("T")


@lru_cache(maxsize=64)
def _adapter(kind: Any) -> "pydantic.TypeAdapter[Any]":
    import pydantic  # noqa: PLC0415 - see above

    return pydantic.TypeAdapter(kind)


def prepare(kind: type[Any]) -> None:
    """Make now what `load` needs for a kind: a tenth of a second where it has many fields."""
    _adapter(cast(Any, kind))


def dump(value: Any) -> bytes:
    """Return the JSON of a frozen dataclass; NaN and infinities travel as strings."""
    from pydantic_core import to_json  # noqa: PLC0415 - see above

    return to_json(value, inf_nan_mode="strings")


def show(value: Any) -> bytes:
    """Return JSON for people and other programs: indented, and what is no number is null."""
    from pydantic_core import to_json  # noqa: PLC0415 - see above

    return to_json(value, inf_nan_mode="null", indent=1) + b"\n"


def schema(kinds: Iterable[Any], ref: str) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Return JSON Schemas of what `show` gives: where each kind is found, and all definitions.

    Args:
        ref: template of a reference, such as "#/components/schemas/{model}".
    """
    import pydantic  # noqa: PLC0415 - see above

    wanted = tuple(kinds)
    found, definitions = pydantic.TypeAdapter.json_schemas(
        [(kind, "serialization", _adapter(kind)) for kind in wanted], ref_template=ref
    )
    return {kind: found[kind, "serialization"] for kind in wanted}, definitions.get("$defs", {})


def load(kind: type[T], body: bytes | str, *, strict: bool = False) -> T:
    """Return the value that `dump` wrote; fields that this release does not know pass.

    Args:
        strict: take each type as it is written: "3" is no number, 1.0 no index, true no entry.

    Raises:
        InvalidRequestError: a field is missing or has the wrong type; the message names it.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - see above

    try:
        value: T = _adapter(cast(Any, kind)).validate_json(
            body, strict=strict or None, extra="ignore"
        )
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        raise InvalidRequestError(f"{kind.__name__}: {where}: {first['msg']}") from error
    return value
