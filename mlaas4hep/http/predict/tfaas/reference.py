"""The model that a request of TFaaS's clients refers to."""

from dataclasses import replace
from functools import partial

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.predict.call import Call
from mlaas4hep.http.predict.context import Context, who
from mlaas4hep.http.predict.schemas import MODEL
from mlaas4hep.serving.registry import address
from mlaas4hep.usecases import models as usecase

TAG = "TFaaS"
BY_QUERY = (replace(MODEL, required=False),)


async def found_model(context: Context, call: Call, name: str) -> ModelRecord:
    """Return the model of this name, "": the one uploaded last, if the caller may read it."""
    person = who(call)
    owner, name = address(person, name) if name else await context.newest(person)
    record: ModelRecord = await context.batcher.in_thread(
        partial(usecase.find, person, name, context.services, owner)
    )
    return record


async def own_model(context: Context, call: Call, name: str) -> ModelRecord:
    """Return the caller's own model.

    Raises:
        ForbiddenError: it belongs to somebody else.
    """
    if not name:
        raise InvalidRequestError("the request names no model", hint="form field `model`, or path")
    record = await found_model(context, call, name)
    if record.owner != who(call).owner:
        raise ForbiddenError(f"model {name!r} belongs to somebody else")
    return record
