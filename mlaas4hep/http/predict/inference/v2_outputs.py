"""The outputs that a request of the Open Inference Protocol asks for."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from mlaas4hep.errors import InvalidRequestError

#: what extensions that are not here would answer instead of numbers
_ELSEWHERE = {
    "classification": "take the numbers; /v1/models/NAME:classify and /image tell the best classes",
    "shared_memory_region": "take them as JSON, or as bytes behind it: binary_data",
}


class Output(NamedTuple):
    """One output tensor that is asked for."""

    name: str
    binary: bool

    @classmethod
    def of(cls, described: Mapping[str, Any], binary: bool) -> "Output":
        """Return what a request describes; `binary` is what it says of all outputs.

        Raises:
            InvalidRequestError: it is to come in a way in which none comes here.
        """
        parameters = described.get("parameters") or {}
        for way, instead in _ELSEWHERE.items():
            if parameters.get(way):
                raise InvalidRequestError(f"outputs with {way} are not offered", hint=instead)
        return cls(str(described["name"]), bool(parameters.get("binary_data", binary)))
