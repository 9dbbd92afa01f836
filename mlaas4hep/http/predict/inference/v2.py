"""The Open Inference Protocol (KServe V2, Triton) over HTTP, with the binary tensor extension.

`/v2`, `/v2/health/live`, `/v2/health/ready`, `/v2/models/M[/versions/V]` with `/ready`, `/config`,
`/stats`, `/infer`, and `/v2/repository/index`. A shared model is called `OWNER/M`.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.core.models.bundle.served import served_file
from mlaas4hep.errors import MlaasError
from mlaas4hep.http.predict.asking import Asking
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import Context, who
from mlaas4hep.http.predict.inference import v2_bodies, v2_infer
from mlaas4hep.http.predict.inference.tensors import RowFeeds, asking_tensors
from mlaas4hep.http.predict.inference.truths import check_no_truths
from mlaas4hep.http.predict.schemas import LIST, MODEL, PREDICT_ERRORS, VERSION
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, OBJECT
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Outputs

_SINGLE_BYTES = 4  #: of an FP32


async def server(_desk: Context, _call: Call) -> Answer:
    """Say what this is."""
    return json_answer(
        {"name": "mlaas4hep", "version": __version__, "extensions": ["binary_tensor_data"]}
    )


async def live(_desk: Context, _call: Call) -> Answer:
    """Say that the server runs."""
    return json_answer({"live": True})


async def ready(context: Context, _call: Call) -> Answer:
    """Say that the store of models answers."""
    await context.batcher.in_thread(partial(context.services.models.info, "ready/ready/model.json"))
    return json_answer({"ready": True})


async def index(context: Context, call: Call) -> Answer:
    """List one's models."""
    found = await context.listed(who(call).owner)
    return json_answer(
        [
            {"name": each.name, "version": each.shown_version, "state": "READY", "reason": ""}
            for each, _ in found
        ]
    )


async def model(context: Context, call: Call) -> Answer:
    """Show inputs and outputs of a model."""
    served = await _served(context, call)
    return json_answer(
        {
            "name": served.record.name,
            "versions": [served.record.shown_version],
            "platform": _platform(served),
            "inputs": [_tensor(each) for each in served.runtime.inputs],
            "outputs": [_tensor(each) for each in served.runtime.outputs],
        }
    )


async def model_ready(context: Context, call: Call) -> Answer:
    """Say whether a model can predict."""
    name = call.args.get("model", "")
    try:
        await _served(context, call)
    except MlaasError as error:
        return json_answer({"name": name, "ready": False, "error": str(error)}, error.status)
    return json_answer({"name": name, "ready": True})


async def config(context: Context, call: Call) -> Answer:
    """Show a model as Triton describes it."""
    return json_answer(_config(await _served(context, call)))


async def stats(context: Context, call: Call) -> Answer:
    """Show how often a model predicted."""
    return json_answer(_stats(context, await _served(context, call)))


async def predict(context: Context, call: Call) -> Answer:
    """Predict tensors, as JSON or binary."""
    return await context.predict(call, asking_of)


def asking_of(call: Call) -> Asking:
    """Return what an inference request asks."""
    if call.parsed is not None:
        request, truths = v2_infer.from_json(call.parsed), call.may_hold_truths
    else:
        split = call.header(b"inference-header-content-length")
        request, truths = v2_bodies.parse(call.body or b"", split)

    def feeds(served: LoadedModel) -> Feeds:
        for each in request.inputs if truths else ():
            what = f"input {each.name!r}"
            check_no_truths(what, each.data, each.datatype, served.columns)
        return {each.name: each.array(served) for each in request.inputs}

    def answer(served: LoadedModel, outputs: Outputs, _classes: tuple[str, ...]) -> Answer:
        return v2_infer.answer(request, served, outputs)

    return asking_tensors(
        call.args.get("model", ""),
        feeds,
        answer,
        rows=max([each.shape[0] for each in request.inputs if each.shape], default=1),
        signature=request.signature,
        row=_only_row(request.inputs, truths=truths),
    )


def _only_row(
    inputs: Sequence[v2_infer.Input], *, truths: bool
) -> tuple[str, Any, RowFeeds] | None:
    """Return name and values of an input if there is one, of one row of numbers, and what feeds them.

    Args:
        inputs: of the request.
        truths: true or false may be among what came as JSON.
    """
    one = inputs[0] if len(inputs) == 1 else None
    if one is None or one.datatype != "FP32":
        return None
    if isinstance(one.data, memoryview):
        numbers = len(one.data) // _SINGLE_BYTES
    else:
        numbers = 0 if truths or not isinstance(one.data, list) else len(one.data)
    if not numbers or one.shape != (1, numbers):
        return None
    return one.name, one.data, lambda served, data: {one.name: one.about(data).array(served)}


async def _served(context: Context, call: Call) -> LoadedModel:
    return await context.served(call, call.args.get("model", ""))


def _platform(served: LoadedModel) -> str:
    found = served_file(served.record)
    return found[1].platform if found else served.runtime.platform


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return {"name": info.name, "datatype": v2_infer.datatype(info.dtype), "shape": info.shape}


def _config(served: LoadedModel) -> dict[str, Any]:
    def described(info: TensorInfo) -> dict[str, Any]:
        kind = v2_infer.datatype(info.dtype)
        return {"name": info.name, "data_type": f"TYPE_{kind}", "dims": info.shape[1:]}

    return {
        "name": served.record.name,
        "platform": _platform(served),
        "backend": served.runtime.platform,
        "max_batch_size": 4096,
        "input": [described(each) for each in served.runtime.inputs],
        "output": [described(each) for each in served.runtime.outputs],
    }


def _stats(context: Context, served: LoadedModel) -> dict[str, Any]:
    tally = context.tally(served.record.owner, served.record.name)
    stats = {
        "name": served.record.name,
        "version": served.record.shown_version,
        "inference_count": tally.rows,
        "execution_count": tally.requests,
    }
    return {"model_stats": [stats]}


_TAG = "Open Inference Protocol"
_MODEL, _OF_VERSION = "/v2/models/{model}", "/v2/models/{model}/versions/{version}"


def _of_model(name: str, path: str, handler: Callable[[Context, Call], Awaitable[Answer]]) -> Route:
    return Route(
        name=name,
        method="GET",
        path=f"{_MODEL}{path}",
        also_at=(f"{_OF_VERSION}{path}",),
        handler=handler,
        tag=_TAG,
        args=(MODEL, VERSION),
        errors=(404,),
    )


ROUTES = (
    Route(name="v2_server", method="GET", path="/v2", handler=server, tag=_TAG, is_open=True),
    Route(
        name="v2_live", method="GET", path="/v2/health/live", handler=live, tag=_TAG, is_open=True
    ),
    Route(
        name="v2_ready",
        method="GET",
        path="/v2/health/ready",
        handler=ready,
        tag=_TAG,
        is_open=True,
    ),
    Route(
        name="v2_index",
        method="POST",
        path="/v2/repository/index",
        handler=index,
        tag=_TAG,
        gives=LIST,
    ),
    _of_model("v2_model", "", model),
    _of_model("v2_model_ready", "/ready", model_ready),
    _of_model("v2_config", "/config", config),
    _of_model("v2_stats", "/stats", stats),
    Route(
        name="v2_infer",
        method="POST",
        path=f"{_MODEL}/infer",
        also_at=(f"{_OF_VERSION}/infer",),
        handler=predict,
        tag=_TAG,
        actions=("infer",),
        args=(MODEL, VERSION),
        body=Body(forms={JSON: OBJECT}),
        errors=PREDICT_ERRORS,
    ),
)
