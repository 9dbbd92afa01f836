"""The Open Inference Protocol (KServe V2, Triton) over HTTP, with the binary tensor extension.

`/v2`, `/v2/health/live`, `/v2/health/ready`, `/v2/models/M[/versions/V]` with `/ready`, `/config`,
`/stats`, `/infer`, and `/v2/repository/index`. A shared model is called `OWNER/M`.
"""

import re
from functools import partial
from typing import Any

from mlaas4hep import __version__
from mlaas4hep.errors import MlaasError, NotFoundError
from mlaas4hep.http.predict import infer
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Desk, who
from mlaas4hep.http.predict.tensors import predict_tensors
from mlaas4hep.http.predict.v1 import check_version
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.questions import Feeds, Outputs
from mlaas4hep.serving.registry import Served
from mlaas4hep.usecases.modelstore import listed

_PLATFORMS = {"litert": "tensorflow_lite", "tensorflow": "tensorflow_savedmodel"}
_PATH = re.compile(
    r"(?P<model>[^/]+?(?:/[^/]+?)??)(?:/versions/(?P<version>[^/]+))?"
    r"(?P<verb>/ready|/config|/stats|/infer)?"
)


async def server(_desk: Desk, _call: Call) -> Answer:
    """Say what this is."""
    return json_answer(
        {"name": "mlaas4hep", "version": __version__, "extensions": ["binary_tensor_data"]}
    )


async def live(_desk: Desk, _call: Call) -> Answer:
    """Say that the server runs."""
    return json_answer({"live": True})


async def ready(desk: Desk, _call: Call) -> Answer:
    """Say that the store of models answers."""
    await desk.batcher.in_thread(partial(desk.services.models.info, "ready/ready/model.json"))
    return json_answer({"ready": True})


async def index(desk: Desk, call: Call) -> Answer:
    """List one's models."""
    found = await desk.batcher.in_thread(
        lambda: list(listed(desk.services.models, who(call).owner))
    )
    return json_answer(
        [
            {"name": each.name, "version": each.version, "state": "READY", "reason": ""}
            for each, _ in found
        ]
    )


async def get(desk: Desk, call: Call, path: str) -> Answer:
    """Answer what a model is."""
    model, version, verb = _parsed(path)
    if verb == "/ready":
        return await _model_ready(desk, call, model, version)
    served = await desk.served(call, model)
    check_version(served, version)
    if verb == "/config":
        return json_answer(_config(served))
    if verb == "/stats":
        return json_answer(_stats(desk, served))
    return json_answer(
        {
            "name": served.record.name,
            "versions": [served.record.version],
            "platform": _PLATFORMS[served.runtime.platform],
            "inputs": [_tensor(each) for each in served.runtime.inputs],
            "outputs": [_tensor(each) for each in served.runtime.outputs],
        }
    )


async def post(desk: Desk, call: Call, path: str) -> Answer:
    """Answer `/infer`."""
    model, version, verb = _parsed(path)
    if verb != "/infer":
        raise NotFoundError(f"there is nothing to post to at /v2/models/{path}", hint="/infer")
    body = await call.read(MAX_BODY_BYTES)
    request = infer.parse(body, call.header(b"inference-header-content-length"))
    return await predict(desk, call, request, model, version)


async def predict(
    desk: Desk, call: Call, request: infer.InferRequest, model: str, version: str = ""
) -> Answer:
    """Return the tensors that a request asks for."""

    def feeds(served: Served) -> Feeds:
        check_version(served, version)
        return {each.name: each.array(served) for each in request.inputs}

    def answer(served: Served, outputs: Outputs) -> Answer:
        return infer.answer(request, served, outputs)

    return await predict_tensors(desk, call, model, feeds, answer)


async def _model_ready(desk: Desk, call: Call, model: str, version: str) -> Answer:
    try:
        served = await desk.served(call, model)
        check_version(served, version)
    except MlaasError as error:
        return json_answer({"name": model, "ready": False, "error": str(error)}, error.status)
    return json_answer({"name": model, "ready": True})


def _parsed(path: str) -> tuple[str, str, str]:
    found = _PATH.fullmatch(path)
    if found is None:
        raise NotFoundError(f"there is nothing at /v2/models/{path}")
    return found["model"], found["version"] or "", found["verb"] or ""


def _tensor(info: TensorInfo) -> dict[str, Any]:
    return {"name": info.name, "datatype": infer.datatype(info.dtype), "shape": info.shape}


def _config(served: Served) -> dict[str, Any]:
    def described(info: TensorInfo) -> dict[str, Any]:
        kind = infer.datatype(info.dtype)
        return {"name": info.name, "data_type": f"TYPE_{kind}", "dims": info.shape[1:]}

    return {
        "name": served.record.name,
        "platform": _PLATFORMS[served.runtime.platform],
        "backend": served.runtime.platform,
        "max_batch_size": 4096,
        "input": [described(each) for each in served.runtime.inputs],
        "output": [described(each) for each in served.runtime.outputs],
    }


def _stats(desk: Desk, served: Served) -> dict[str, Any]:
    tally = desk.tally(served.record.owner, served.record.name)
    stats = {
        "name": served.record.name,
        "version": served.record.version,
        "inference_count": tally.rows,
        "execution_count": tally.requests,
    }
    return {"model_stats": [stats]}
