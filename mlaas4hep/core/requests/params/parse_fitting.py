"""From inputs, labels and callbacks of params.json to a checked `Fitting`."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from mlaas4hep.core.jsontext import name_list, parse_object
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.params.expressions import expression_of
from mlaas4hep.core.requests.wrongvalue import wrong_param
from mlaas4hep.errors import InvalidRequestError

KEYS = ("inputs", "labels", "callbacks", "loss_columns")
MAX_COLUMNS = 1000  #: labels of one output, or columns for the loss
_OF_INPUTS = "inputs"
_LABELS = (
    "'inputs' (an autoencoder), a list of branches or expressions, or"
    ' {"flavour": ["isB", "isC"], "mass": "genMass"} for the outputs of a model'
)


def parse_fitting(content: Mapping[str, Any]) -> Fitting:
    """Return what these keys of params.json say.

    Raises:
        InvalidRequestError: one has a wrong value; the message names it.
    """
    labels = content.get("labels", "")
    learns_inputs = labels == _OF_INPUTS
    if learns_inputs and content.get("loss_columns"):
        raise InvalidRequestError(
            'params.json: with "labels": "inputs" the loss sees inputs only, and loss_columns is given',
            hint="leave loss_columns away",
        )
    return Fitting(
        inputs=_inputs(content.get("inputs", {})),
        learns_inputs=learns_inputs,
        labels=() if learns_inputs else _labels(labels),
        loss_columns=_expressions("loss_columns", content.get("loss_columns", [])),
        callbacks=_callbacks(content.get("callbacks", [])),
    )


def has_label_columns(text: str) -> bool:
    """Tell whether the text of a params.json says labels, so that labels.txt is not needed."""
    try:
        labels = parse_object(text, "params.json").get("labels", "")
    except InvalidRequestError:  # which is told where it is read
        return False
    return bool(labels) and labels != _OF_INPUTS


def _labels(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict):
        found = _expressions("labels", value, _LABELS)
        return (("", found),) if found else ()
    if not all(isinstance(name, str) and name for name in value):
        raise wrong_param("labels", value, _LABELS)
    return tuple(
        (name, _expressions(f"labels.{name}", each, _LABELS, least=1))
        for name, each in value.items()
    )


def _expressions(
    key: str, value: Any, wanted: str = "a list of branches or expressions", least: int = 0
) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value] if value != "" else []
    if not all(isinstance(each, str) and each.strip() for each in many) or len(many) < least:
        raise wrong_param(key, value, wanted)
    if len(many) > MAX_COLUMNS:
        raise InvalidRequestError(f"params.json: {key} has {len(many)}, more than {MAX_COLUMNS}")
    found = tuple(expression_of(key, each) for each in many)
    twice = next((each for each, times in Counter(found).items() if times > 1), None)
    if twice is not None:
        raise InvalidRequestError(f"params.json: {key} names {twice!r} twice")
    return found


def _inputs(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if not isinstance(value, dict) or not all(value):
        raise wrong_param(
            "inputs", value, 'names with patterns: {"jets": "Jet_*", "event": ["met"]}'
        )
    found = tuple(
        (name, name_list(patterns, f"params.json: inputs.{name}"))
        for name, patterns in value.items()
    )
    for name, patterns in found:
        if not patterns:
            raise wrong_param(
                f"inputs.{name}", value[name], "a pattern of column names, or several"
            )
    return found


def _callbacks(value: Any) -> tuple[tuple[str, str], ...]:
    wanted = '["TerminateOnNaN"] or {"EarlyStopping": {"patience": 3}}'
    named = {key: {} for key in value} if _is_list_of_texts(value) else value
    if not isinstance(named, dict):
        raise wrong_param("callbacks", value, wanted)
    for name, arguments in named.items():
        if not isinstance(arguments, dict):
            raise wrong_param(f"callbacks.{name}", arguments, "arguments such as {'patience': 3}")
    return tuple((name, json.dumps(arguments)) for name, arguments in named.items())


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
