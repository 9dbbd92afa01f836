"""From inputs, labels and callbacks of params.json to a checked `Fitting`."""

import json
from collections.abc import Mapping
from typing import Any

from mlaas4hep.core.jsontext import name_list
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.errors import InvalidRequestError

KEYS = ("inputs", "labels", "callbacks")
_OF_INPUTS = "inputs"


def parse_fitting(content: Mapping[str, Any]) -> Fitting:
    """Return what these keys of params.json say.

    Raises:
        InvalidRequestError: one has a wrong value; the message names it.
    """
    labels = content.get("labels", "")
    if labels not in ("", _OF_INPUTS):
        raise _wrong("labels", labels, "'inputs', for an autoencoder; other labels are labels.txt")
    return Fitting(
        inputs=_inputs(content.get("inputs", {})),
        learns_inputs=labels == _OF_INPUTS,
        callbacks=_callbacks(content.get("callbacks", [])),
    )


def _inputs(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict) or not all(value):
        raise _wrong("inputs", value, 'names with patterns: {"jets": "Jet_*", "event": ["met"]}')
    found = tuple(
        (name, name_list(patterns, f"params.json: inputs.{name}"))
        for name, patterns in value.items()
    )
    for name, patterns in found:
        if not patterns:
            raise _wrong(f"inputs.{name}", value[name], "a pattern of column names, or several")
    return found


def _callbacks(value: Any) -> tuple[tuple[str, str], ...]:
    wanted = '["TerminateOnNaN"] or {"EarlyStopping": {"patience": 3}}'
    named = {key: {} for key in value} if _is_list_of_texts(value) else value
    if not isinstance(named, dict):
        raise _wrong("callbacks", value, wanted)
    for name, arguments in named.items():
        if not isinstance(arguments, dict):
            raise _wrong(f"callbacks.{name}", arguments, "arguments such as {'patience': 3}")
    return tuple((name, json.dumps(arguments)) for name, arguments in named.items())


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _wrong(key: str, value: Any, wanted: str) -> InvalidRequestError:
    return InvalidRequestError(f"params.json: {key} is {value!r}, not {wanted}")
