"""TensorFlow Serving's REST dialect: `/v1/models/M`, `/v1/models/M/metadata`, `…/M:predict`.

`{"instances": […]}` holds one item a row: the values of the only input, or an object with one value
for each input; the answer is `{"predictions": […]}` in the same form. `{"inputs": …}` holds whole
columns: the tensor of the only input, or an object of tensors; the answer is `{"outputs": …}`.
Where classes are known, `classes` beside it names the class of each number.
`versions/V` in the path is a version that is kept, or an alias such as production; so is `labels/V`.
"""

from collections.abc import Sequence
from typing import Any

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import (
    Context,
    by_row,
    only_input,
    who,
)
from mlaas4hep.http.predict.inference.signature import signature_of
from mlaas4hep.http.predict.inference.tensors import (
    STRINGS,
    RowFeeds,
    asking_tensors,
    shown,
    tensor,
)
from mlaas4hep.http.predict.schemas import MODEL, PREDICT_ERRORS, VERSION
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, OBJECT
from mlaas4hep.ports import Runtime, TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Outputs

SIGNATURE = "serving_default"
_TYPES = {
    "float32": "DT_FLOAT",
    "float64": "DT_DOUBLE",
    "float16": "DT_HALF",
    "bool": "DT_BOOL",
    STRINGS: "DT_STRING",
    **{
        f"{kind}{bits}": f"DT_{kind.upper()}{bits}"
        for kind in ("int", "uint")
        for bits in (8, 16, 32, 64)
    },
}


async def state(context: Context, call: Call) -> Answer:
    """Show the state of a model."""
    served = await _served(context, call)
    return json_answer(_state(served.record.shown_version))


async def models(context: Context, call: Call) -> Answer:
    """List one's models with their states."""
    found = await context.listed(who(call).owner)
    return json_answer(
        {"models": [{"name": each.name, **_state(each.shown_version)} for each, _ in found]}
    )


async def metadata(context: Context, call: Call) -> Answer:
    """Show inputs and outputs of a model."""
    return json_answer(_metadata(await _served(context, call)))


async def predict(context: Context, call: Call) -> Answer:
    """Predict instances (rows) or inputs (columns)."""
    return await context.predict(call, asking_of)


def asking_of(call: Call) -> Asking:
    """Return what instances or inputs ask."""
    request = call.object()
    is_by_row = "instances" in request
    if is_by_row == ("inputs" in request):
        raise InvalidRequestError("send `instances` (rows) or `inputs` (columns), one of them")
    signature, truths = signature_of(request), call.may_hold_truths

    def feeds(served: LoadedModel) -> Feeds:
        columns = served.columns if truths else None
        if is_by_row:
            return _rows(served, request["instances"], columns)
        return _columns(served, request["inputs"], columns)

    def answer(served: LoadedModel, outputs: Outputs, classes: tuple[str, ...]) -> Answer:
        single = len(served.runtime.outputs) == 1
        named = {"classes": classes} if classes else {}
        if not is_by_row:
            columns: dict[str, Any] = {name: shown(values) for name, values in outputs.items()}
            return json_answer(
                {"outputs": next(iter(columns.values())) if single else columns, **named}
            )
        told = _by_row(served, request["instances"], outputs, single=single)
        return json_answer({"predictions": told, **named})

    return asking_tensors(
        call.args.get("model", ""),
        feeds,
        answer,
        rows=_asked_rows(request["instances" if is_by_row else "inputs"]),
        signature=signature,
        row=_only_row(request["instances"]) if is_by_row and not truths else None,
    )


def _by_row(
    served: LoadedModel, instances: Sequence[Any], outputs: Outputs, *, single: bool
) -> Any:
    """Return the predictions for instances, each in the form in which it came."""
    rows, way, are_scalars = len(instances), served.row_way, _are_scalars(instances)
    if single and rows == 1 and way is not None and not are_scalars:
        values = outputs[way.output]
        if values.shape == (1, way.numbers):  # as nearly all
            return shown(values)
    outputs = {name: by_row(served, name, values, rows) for name, values in outputs.items()}
    if are_scalars:
        outputs = {name: _narrowed(values) for name, values in outputs.items()}
    return _predictions(outputs, single)


def _only_row(instances: Any) -> tuple[str, Any, RowFeeds] | None:
    """Return the values of the only input if there is one instance, and it is a list."""
    is_one = isinstance(instances, list) and len(instances) == 1
    return ("", instances[0], _row) if is_one and isinstance(instances[0], list) else None


def _row(served: LoadedModel, values: Any) -> Feeds:
    return _rows(served, [values], None)


async def _served(context: Context, call: Call) -> LoadedModel:
    return await context.served(call, call.args.get("model", ""))


def _asked_rows(given: Any) -> int:
    """Return how many rows there are in instances, or in the longest of the inputs."""
    columns = given.values() if isinstance(given, dict) else (given,)
    return max((len(each) for each in columns if isinstance(each, list)), default=1)


def _rows(served: LoadedModel, instances: Any, columns: Sequence[str] | None) -> Feeds:
    if not isinstance(instances, list) or not instances:
        raise InvalidRequestError("`instances` is not a list of rows")
    if not isinstance(instances[0], dict) or instances[0].keys() == {"b64"}:
        info = only_input(served)
        values = tensor(info.name, instances, info.dtype, columns)
        if values.ndim == 1 and info.shape[1:] in ((1,), (-1,)):
            values = values[:, None]  # as TensorFlow Serving's README sends rows of one number
        return {info.name: values}
    feeds = {}
    for info in served.runtime.inputs:
        try:
            column = [row[info.name] for row in instances]
        except (KeyError, TypeError) as error:
            raise InvalidRequestError(f"an instance has no input {info.name!r}") from error
        feeds[info.name] = tensor(info.name, column, info.dtype, columns)
    unknown = set().union(*instances) - feeds.keys()
    if unknown:
        raise InvalidRequestError(f"the model has no input {min(unknown)!r}")
    return feeds


def _columns(served: LoadedModel, inputs: Any, columns: Sequence[str] | None) -> Feeds:
    infos = {each.name: each for each in served.runtime.inputs}
    if not isinstance(inputs, dict):
        info = only_input(served)
        return {info.name: tensor(info.name, inputs, info.dtype, columns)}
    return {
        name: tensor(name, values, infos[name].dtype if name in infos else "float32", columns)
        for name, values in inputs.items()
    }


def _are_scalars(instances: Any) -> bool:
    return not isinstance(instances[0], list | dict)


def _narrowed(values: Array) -> Array:
    """Return rows of one number as numbers."""
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values  # noqa: PLR2004


def _predictions(outputs: Outputs, single: bool) -> Any:
    if single:
        return shown(next(iter(outputs.values())))
    columns: dict[str, Any] = {name: shown(values) for name, values in outputs.items()}
    rows = zip(*columns.values(), strict=True)
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _state(version: str) -> dict[str, Any]:
    status = {"error_code": "OK", "error_message": ""}
    return {"model_version_status": [{"version": version, "state": "AVAILABLE", "status": status}]}


def _metadata(served: LoadedModel) -> dict[str, Any]:
    name, version = served.record.name, served.record.shown_version
    ways = served.runtime.signatures or {SIGNATURE: served.runtime}
    signatures = {way: _signature(runtime) for way, runtime in ways.items()}
    return {
        "model_spec": {"name": name, "signature_name": "", "version": version},
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _signature(runtime: Runtime) -> dict[str, Any]:
    return {
        "inputs": {each.name: _tensor(each) for each in runtime.inputs},
        "outputs": {each.name: _tensor(each) for each in runtime.outputs},
        "method_name": "tensorflow/serving/predict",
    }


def _tensor(info: TensorInfo) -> dict[str, Any]:
    dims = [{"size": str(size), "name": ""} for size in info.shape if info.is_ranked]
    return {
        "dtype": _TYPES.get(info.dtype, "DT_INVALID"),
        "tensor_shape": {"dim": dims, "unknown_rank": not info.is_ranked},
        "name": info.name,
    }


_TAG = "TensorFlow Serving"
_MODEL = "/v1/models/{model}"
OF_VERSION = (f"{_MODEL}/versions/{{version}}", f"{_MODEL}/labels/{{version}}")
ROUTES = (
    Route(name="v1_models", method="GET", path="/v1/models", handler=models, tag=_TAG),
    Route(
        name="v1_state",
        method="GET",
        path=_MODEL,
        also_at=OF_VERSION,
        handler=state,
        tag=_TAG,
        args=(MODEL, VERSION),
        errors=(404,),
    ),
    Route(
        name="v1_metadata",
        method="GET",
        path=f"{_MODEL}/metadata",
        also_at=tuple(f"{path}/metadata" for path in OF_VERSION),
        handler=metadata,
        tag=_TAG,
        args=(MODEL, VERSION),
        errors=(404,),
    ),
    Route(
        name="v1_predict",
        method="POST",
        path=f"{_MODEL}:predict",
        also_at=tuple(f"{path}:predict" for path in OF_VERSION),
        handler=predict,
        tag=_TAG,
        actions=("v1",),
        args=(MODEL, VERSION),
        body=Body(forms={JSON: OBJECT}),
        errors=PREDICT_ERRORS,
    ),
)
