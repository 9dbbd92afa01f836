"""TensorFlow Serving's older verbs, `:classify` and `:regress`: rows as objects of named features.

`{"examples": [{"met": 41.2, "njets": 3}, …], "context": {…}}`; a feature is an input of the model,
or one of the columns of its only input. A signature that takes texts gets serialised tf.Examples,
as TensorFlow Serving sends them. The answers are `{"results": [[["signal", 0.9], …], …]}` and
`{"results": [0.9, …]}`.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context, by_row, only_input, row_values
from mlaas4hep.http.predict.inference.signature import signature_of
from mlaas4hep.http.predict.inference.tensors import STRINGS, asking_tensors, shown, tensor
from mlaas4hep.http.predict.inference.tfexample import packed_examples
from mlaas4hep.http.predict.inference.v1 import OF_VERSION
from mlaas4hep.http.predict.schemas import MODEL, PREDICT_ERRORS, VERSION
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, OBJECT
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Outputs

Examples = Sequence[dict[str, Any]]


async def classify(context: Context, call: Call) -> Answer:
    """Give each example's classes with their scores."""
    return await _answered(context, call, _classes)


async def regress(context: Context, call: Call) -> Answer:
    """Give each example's number."""
    return await _answered(context, call, _numbers)


async def _answered(
    context: Context, call: Call, results_of: Callable[[LoadedModel, Outputs], Any]
) -> Answer:
    request = await call.json(MAX_BODY_BYTES)
    examples = _examples(request)

    def feeds(served: LoadedModel) -> Feeds:
        return _feeds(served, examples)

    def answer(served: LoadedModel, outputs: Outputs, _names: tuple[str, ...]) -> Answer:
        each = {
            name: by_row(served, name, values, len(examples))
            for name, values in outputs.items()
            if name != "classes"  # which may be the same for all
        }
        return json_answer({"results": results_of(served, {**outputs, **each})})

    asking = asking_tensors(
        call.args.get("model", ""),
        feeds,
        answer,
        rows=len(examples),
        signature=signature_of(request),
    )
    return await context.answer(call, asking)


def _examples(request: dict[str, Any]) -> Examples:
    examples, context = request.get("examples"), request.get("context") or {}
    if not isinstance(examples, list) or not examples:
        raise InvalidRequestError("`examples` is not a list of objects, or is empty")
    if not isinstance(context, dict) or not all(isinstance(each, dict) for each in examples):
        raise InvalidRequestError("each example, and `context`, is an object of named features")
    return [{**context, **each} for each in examples]


def _feeds(served: LoadedModel, examples: Examples) -> Feeds:
    inputs = {each.name: each for each in served.runtime.inputs}
    if len(inputs) > 1 or examples[0].keys() == inputs.keys():
        _check_known(served, examples, inputs)
        return {name: _input(served, examples, info) for name, info in inputs.items()}
    info = only_input(served)
    if info.dtype == STRINGS:
        return {info.name: packed_examples(examples)}
    columns = served.columns or tuple(examples[0])
    rows = [_values(served, examples, name) for name in columns]
    _check_known(served, examples, columns)
    if not served.columns and len(inputs) != len(columns):
        raise InvalidRequestError(
            f"model {served.record.name!r} has no features {', '.join(columns)}",
            hint=f"its inputs: {', '.join(inputs)}",
        )
    features = [
        tensor(name, each, info.dtype, ()) for name, each in zip(columns, rows, strict=True)
    ]
    for name, feature in zip(columns, features, strict=True):
        if feature.shape != features[0].shape:
            raise InvalidRequestError(f"features {columns[0]!r} and {name!r} differ in length")
    return {info.name: np.stack(features, axis=-1)}


def _check_known(served: LoadedModel, examples: Examples, known: Collection[str]) -> None:
    for name in sorted(set().union(*examples) - set(known)):
        raise InvalidRequestError(
            f"model {served.record.name!r} has no feature {name!r}", hint=nearest(name, known)
        )


def _input(served: LoadedModel, examples: Examples, info: TensorInfo) -> Array:
    """Return what examples say of an input; a single number is a row of one where that is due."""
    values = tensor(info.name, _values(served, examples, info.name), info.dtype, ())
    return values[:, None] if values.ndim == 1 and info.shape[1:] == (1,) else values


def _values(served: LoadedModel, examples: Examples, name: str) -> list[Any]:
    try:
        return [each[name] for each in examples]
    except KeyError as error:
        raise InvalidRequestError(
            f"an example has no feature {name!r}, which model {served.record.name!r} needs"
        ) from error


def _classes(served: LoadedModel, outputs: Outputs) -> Any:
    """Return (class, score) pairs; outputs `classes` and `scores` say them by themselves."""
    if outputs.keys() == {"classes", "scores"}:
        names, scores = outputs["classes"], outputs["scores"]
        row_names = np.broadcast_to(names, scores.shape) if names.ndim == 1 else names
        return [
            [list(pair) for pair in zip(*row, strict=True)]
            for row in zip(_texts(row_names), scores.tolist(), strict=True)
        ]
    values = _matrix(row_values(served, outputs))
    labels = served.named(values.shape[1])
    return [
        [
            [labels[place] if place < len(labels) else str(place), score]
            for place, score in enumerate(row)
        ]
        for row in values.tolist()
    ]


def _texts(names: Array) -> Any:
    return shown(names) if names.dtype == object else names.astype(str).tolist()


def _matrix(values: Array) -> Array:
    return values.reshape(len(values), -1)


def _numbers(served: LoadedModel, outputs: Outputs) -> Any:
    values = _matrix(row_values(served, outputs))
    if values.shape[1] != 1:
        raise InvalidRequestError(
            f"model {served.record.name!r} gives {values.shape[1]} numbers a row, not one",
            hint="use :classify or :predict",
        )
    return values[:, 0]


def _route(name: str, verb: str, handler: Any) -> Route:
    return Route(
        name=name,
        method="POST",
        path=f"/v1/models/{{model}}:{verb}",
        also_at=tuple(f"{path}:{verb}" for path in OF_VERSION),
        handler=handler,
        tag="TensorFlow Serving",
        args=(MODEL, VERSION),
        body=Body(forms={JSON: OBJECT}),
        errors=PREDICT_ERRORS,
    )


ROUTES = (
    _route("v1_classify", "classify", classify),
    _route("v1_regress", "regress", regress),
)
