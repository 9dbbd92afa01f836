"""What each route of `predict` takes and gives, for openapi.yaml."""

from dataclasses import dataclass

from mlaas4hep.http.openapi.describing import (
    FILE,
    JSON,
    NAME,
    OBJECT,
    TEXT,
    Arg,
    Body,
    Operation,
    Schema,
)

NUMBERS: Schema = {"type": "array", "items": {}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """One route of `predict`."""

    method: str
    path: str
    summary: str
    operation: Operation
    is_open: bool = False


_MODEL = Arg(name="model", about="Name of the model.", schema=NAME, required=True, where="path")
_BY_QUERY = Arg(name="model", about="Name of the model.", schema=NAME)
_ROWS: Schema = {
    "type": "object",
    "description": "One row, or many, of what the network takes.",
    "required": ["values", "model"],
    "properties": {
        "model": {"type": "string"},
        "keys": {"type": "array", "items": {"type": "string"}},
        "values": NUMBERS,
    },
}
_ENTRIES: Schema = {
    "type": "object",
    "description": "Entries as they are in the files; transformed as in training.",
    "required": ["entries", "model"],
    "properties": {
        "model": {"type": "string"},
        "entries": {"type": "array", "items": {"type": "object"}},
    },
}
_ASKED = Body(forms={JSON: {"anyOf": [_ROWS, _ENTRIES]}})
_PREDICTION: Schema = {"anyOf": [NUMBERS, OBJECT]}
_BYTES = "application/octet-stream"
_PICTURE = Body(
    forms={
        "multipart/form-data": {
            "type": "object",
            "required": ["image", "model"],
            "properties": {"image": FILE, "model": {"type": "string"}},
        }
    }
)
_BUNDLE = Body(
    forms={
        _BYTES: FILE,
        "multipart/form-data": {"type": "object", "properties": {"name": TEXT, "model": FILE}},
    }
)
_LIST: Schema = {"type": "array", "items": {"type": "object"}}
_OF_MODEL = (404,)


def _predicts(path: str, summary: str, body: Body, media: str = JSON) -> Served:
    gives = _PREDICTION if media == JSON else FILE
    return Served(
        method="POST",
        path=path,
        summary=summary,
        operation=Operation(
            gives=gives, media=media, tag="TFaaS", body=body, errors=(404, 413, 422, 429)
        ),
    )


def _looks(path: str, summary: str, tag: str, *, is_open: bool = False) -> Served:
    args = (_MODEL,) if "{model}" in path else ()
    return Served(
        method="GET",
        path=path,
        summary=summary,
        is_open=is_open,
        operation=Operation(gives=OBJECT, tag=tag, args=args, errors=_OF_MODEL if args else ()),
    )


def _infers(path: str, summary: str, tag: str) -> Served:
    return Served(
        method="POST",
        path=path,
        summary=summary,
        operation=Operation(
            gives=OBJECT,
            tag=tag,
            args=(_MODEL,),
            body=Body(forms={JSON: OBJECT}),
            errors=(404, 413, 422, 429),
        ),
    )


_PROTO = Body(forms={"application/octet-stream": FILE})
_ONE_ROW = "Predict one row, many rows, or raw entries."
_PROTOBUF = "Predict one row in TFaaS's protobuf message."
_IMAGE = "Predict one picture."
_PARAMS = Operation(gives=OBJECT, tag="TFaaS", args=(_BY_QUERY,), errors=_OF_MODEL)
_V1, _V2 = "TensorFlow Serving", "Open Inference Protocol"

SERVED = (
    _predicts("/json", _ONE_ROW, _ASKED),
    _predicts("/predict/json", _ONE_ROW, _ASKED),
    _predicts("/proto", _PROTOBUF, _PROTO, _BYTES),
    _predicts("/predict/proto", _PROTOBUF, _PROTO, _BYTES),
    _predicts("/image", _IMAGE, _PICTURE),
    _predicts("/predict/image", _IMAGE, _PICTURE),
    Served(
        method="GET",
        path="/models",
        summary="List models.",
        operation=Operation(
            gives=_LIST,
            tag="TFaaS",
            args=(Arg(name="shared", about="1: also those that others share."),),
        ),
    ),
    _looks("/models/{model}", "Show a model with its inputs and columns.", "TFaaS"),
    Served(
        method="DELETE",
        path="/models/{model}",
        summary="Delete a model.",
        operation=Operation(gives=OBJECT, tag="TFaaS", args=(_MODEL,), errors=(403, 404)),
    ),
    Served(
        method="POST",
        path="/upload",
        summary="Serve a model made elsewhere: a form, or a bundle as tar or tar.gz.",
        operation=Operation(
            gives=OBJECT, tag="TFaaS", body=_BUNDLE, errors=(403, 409, 413, 422, 429)
        ),
    ),
    Served(
        method="DELETE",
        path="/delete",
        summary="Delete the model that form field or query name.",
        operation=Operation(gives=OBJECT, tag="TFaaS", args=(_BY_QUERY,), errors=(403, 404)),
    ),
    Served(
        method="DELETE",
        path="/delete/{model}",
        summary="Delete a model.",
        operation=Operation(gives=OBJECT, tag="TFaaS", args=(_MODEL,), errors=(403, 404)),
    ),
    Served(method="GET", path="/params", summary="Show a model's params.json.", operation=_PARAMS),
    Served(
        method="POST",
        path="/params",
        summary="Change a model's description, sharing and the like.",
        operation=Operation(
            gives=OBJECT,
            tag="TFaaS",
            args=(_BY_QUERY,),
            body=Body(forms={JSON: OBJECT}),
            errors=(403, 404, 413),
        ),
    ),
    _looks("/params/{model}", "Show a model's params.json.", "TFaaS"),
    _infers("/params/{model}", "Change a model's description, sharing and the like.", "TFaaS"),
    _looks("/status", "Show how the function is.", "TFaaS"),
    Served(
        method="GET",
        path="/netron",
        summary="Draw a model's graph: a page for browsers.",
        is_open=True,
        operation=Operation(gives=TEXT, media="text/html", tag="TFaaS", args=(_BY_QUERY,)),
    ),
    Served(
        method="GET",
        path="/netron/model",
        summary="Fetch the file that is drawn.",
        operation=Operation(
            gives=FILE, media=_BYTES, tag="TFaaS", args=(_BY_QUERY,), errors=(404,)
        ),
    ),
    _looks("/v1/models/{model}", "Show the state of a model.", _V1),
    _looks("/v1/models/{model}/metadata", "Show inputs and outputs of a model.", _V1),
    _infers("/v1/models/{model}:predict", "Predict instances or inputs.", _V1),
    _looks("/v2", "Say what this is.", _V2, is_open=True),
    _looks("/v2/health/live", "Say that the server runs.", _V2, is_open=True),
    _looks("/v2/health/ready", "Say that models can be loaded.", _V2, is_open=True),
    Served(
        method="POST",
        path="/v2/repository/index",
        summary="List models.",
        operation=Operation(gives=_LIST, tag=_V2),
    ),
    _looks("/v2/models/{model}", "Show inputs and outputs of a model.", _V2),
    _looks("/v2/models/{model}/ready", "Say whether a model can predict.", _V2),
    _looks("/v2/models/{model}/config", "Show a model as Triton describes it.", _V2),
    _looks("/v2/models/{model}/stats", "Show how often a model predicted.", _V2),
    _infers("/v2/models/{model}/infer", "Predict tensors, as JSON or binary.", _V2),
)
