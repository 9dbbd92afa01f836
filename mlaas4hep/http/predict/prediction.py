"""`/json`: predictions for rows of inputs or for raw entries."""

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import Context
from mlaas4hep.http.predict.inference.signature import signature_of
from mlaas4hep.http.predict.raw import asking_entries, entries_of
from mlaas4hep.http.predict.rows import asking_rows, rows_of
from mlaas4hep.http.predict.schemas import NUMBERS, PREDICT_ERRORS, PREDICTION
from mlaas4hep.http.route import Body, Route
from mlaas4hep.http.schemas import JSON, Schema


async def predict(context: Context, call: Call) -> Answer:
    """Predict one row, many rows, or raw entries."""
    return await context.predict(call, asking_of)


def asking_of(call: Call) -> Asking:
    """Return what a JSON object asks."""
    request = call.object()
    model = request.get("model") or request.get("name") or ""
    if not isinstance(model, str):
        raise InvalidRequestError(f"model is {model!r}, not a name")
    if "entries" in request or "branches" in request:
        return asking_entries(model, entries_of(request, truths=call.may_hold_truths))
    return asking_rows(model, rows_of(request, truths=call.may_hold_truths), signature_of(request))


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
_BRANCHES: Schema = {
    "type": "object",
    "description": "The same, many times as fast: a list of values for each branch.",
    "required": ["branches", "model"],
    "properties": {
        "model": {"type": "string"},
        "branches": {"type": "object", "additionalProperties": {"type": "array", "items": {}}},
    },
}
PREDICT = Route(
    name="predict",
    method="POST",
    path="/json",
    also_at=("/predict/json",),
    handler=predict,
    tag="TFaaS",
    actions=("json",),
    body=Body(forms={JSON: {"anyOf": [_ROWS, _ENTRIES, _BRANCHES]}}),
    gives=PREDICTION,
    errors=PREDICT_ERRORS,
)
ROUTES = (PREDICT,)
