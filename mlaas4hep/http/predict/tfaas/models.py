"""TFaaS's routes about models: /models and /delete, in the shapes its clients read."""

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.person import Person
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context, who
from mlaas4hep.http.predict.schemas import LIST, MODEL
from mlaas4hep.http.predict.tfaas.forms import read_form
from mlaas4hep.http.predict.tfaas.listing import described, found_in
from mlaas4hep.http.predict.tfaas.reference import BY_QUERY, TAG, own_model
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.usecases import models as usecase

if TYPE_CHECKING:  # it is loaded with a model that has one
    from mlaas4hep.core.models.bundle.contract import Contract


async def models(context: Context, call: Call) -> Answer:
    """Return one's own models; with `?shared=1` also those that others share."""
    person = who(call)
    shared = call.args.get("shared", "") not in ("", "0", "false")
    found = _visible(await context.listed(None if shared else person.owner), person)
    return json_answer(found or None)  # TFaaS says null where there is none


async def model(context: Context, call: Call) -> Answer:
    """Return one model with its columns, inputs and outputs."""
    served = await context.served(call, call.args.get("model", ""))
    contract = served.contract
    tally = context.tally(served.record.owner, served.record.name)
    return json_answer(
        described(served.record, None)
        | found_in(served)
        | {
            "columns": served.columns,
            "task": contract.task if contract else "other",
            "classes": contract.classes if contract else (),
            "metrics": dict(contract.metrics) if contract else {},
            "branches": served.transform.schema.by_kind() if served.transform else {},
            "ranges": _ranges(contract) if contract else {},
            "categories": _categories(contract) if contract else {},
            "usage": asdict(tally),
        }
    )


async def delete(context: Context, call: Call) -> Answer:
    """Delete one's own model: at once for predictions, then its files."""
    name = call.args.get("model") or (await read_form(call, MAX_BODY_BYTES)).texts.get("model", "")
    record = await own_model(context, call, name)
    await context.batcher.in_thread(partial(usecase.delete, record, context.services))
    context.changed(record.owner, record.name)
    await context.note(call, "delete_served_model", record.name)
    return json_answer({"deleted": record.name})


def _visible(found: list[tuple[ModelRecord, float]], person: Person) -> list[dict[str, Any]]:
    mine, others = [], []
    for record, modified_at in found:
        if record.owner == person.owner:
            mine.append(described(record, modified_at))
        elif usecase.may_read(person, record):
            name = f"{record.owner}/{record.name}"
            others.append(described(record, modified_at) | {"name": name})
    return mine + others


def _ranges(contract: "Contract") -> dict[str, tuple[float, float]]:
    """Return lowest and highest value of each feature in training; without those that had none."""
    return {
        spec.name: (spec.low, spec.high)
        for spec in contract.specs.branches
        if spec.name not in contract.identifiers and spec.is_used and spec.texts is None
        if spec.low is not None and spec.high is not None
    }


def _categories(contract: "Contract") -> dict[str, tuple[str, ...]]:
    """Return the texts that training has seen of each feature of text, in their order."""
    return {spec.name: spec.texts for spec in contract.specs.branches if spec.texts}


ROUTES = (
    Route(
        name="served_models",
        method="GET",
        path="/models",
        handler=models,
        tag=TAG,
        actions=("models",),
        args=(Arg(name="shared", about="1: also those that others share."),),
        gives=LIST,
    ),
    Route(
        name="served_model",
        method="GET",
        path="/models/{model}",
        handler=model,
        tag=TAG,
        actions=("model",),
        args=(MODEL,),
        errors=(404,),
    ),
    Route(
        name="delete_served_model",
        method="DELETE",
        path="/delete",
        also_at=("/delete/{model}", "/models/{model}"),
        handler=delete,
        tag=TAG,
        actions=("delete",),
        args=BY_QUERY,
        errors=(403, 404),
    ),
)
