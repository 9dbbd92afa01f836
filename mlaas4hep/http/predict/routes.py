"""Every route of the predict function, and `/`, which does all of it by body.

`faas-cli invoke` can pass no path, so `/` looks at what is sent:

- `application/cloudevents+json` with the dispatcher's token: `model.ready` loads the new model
- `{"action": "models"}` and every other action of a route
- `{"keys": …, "values": …}` or `{"entries": …}`: a prediction, as at `/json`
"""

from mlaas4hep import __version__
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict import delivery, netron, prediction
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.http.predict.context import MAX_BODY_BYTES, Context
from mlaas4hep.http.predict.inference import v1, v1_examples, v2
from mlaas4hep.http.predict.tfaas import models, params, predictions, status, upload
from mlaas4hep.http.route import ACTION, Route, body_calls, called, scalars
from mlaas4hep.http.router import Router

ROUTES: tuple[Route, ...] = (
    *prediction.ROUTES,
    *predictions.ROUTES,
    *models.ROUTES,
    *params.ROUTES,
    *status.ROUTES,
    *upload.ROUTES,
    *netron.ROUTES,
    *v1.ROUTES,
    *v1_examples.ROUTES,
    *v2.ROUTES,
    *delivery.ROUTES,
)
BODY_CALLS = body_calls(ROUTES)
_READING = {action: route for action, route in BODY_CALLS.items() if route.method == "GET"}


async def by_body(context: Context, call: Call) -> Answer:
    """Answer a body by what it is; nobody's body is read before the token is checked."""
    if delivery.is_event(call):
        return await delivery.deliver(context, call)
    call.person = await context.people.person(call, context.batcher)
    if ACTION in call.query:  # the body is what the action takes
        return await _act(context, call, call.query[ACTION], {})
    body = await call.json(MAX_BODY_BYTES)
    action = body.get(ACTION) or prediction.PREDICT.name
    return await _act(context, call, action, scalars(body, called(action, BODY_CALLS)))


async def by_query(context: Context, call: Call) -> Answer:
    """Say what this is; with `?action=models` and the like, do it."""
    if ACTION not in call.query:
        return json_answer({"service": "mlaas4hep predict", "version": __version__})
    call.person = await context.people.person(call, context.batcher)
    action = call.query[ACTION]
    if action not in _READING:
        raise InvalidRequestError(
            f"there is no action {action!r} for GET", hint=nearest(action, _READING)
        )
    return await _act(context, call, action, {})


async def _act(context: Context, call: Call, action: str, given: dict[str, str]) -> Answer:
    route = called(action, BODY_CALLS)
    query = {name: value for name, value in call.query.items() if name != ACTION}
    call.args = route.arguments({**query, **given}, {})
    answer: Answer = await route.handler(context, call)
    return answer


ROUTER = Router(
    (
        *ROUTES,
        Route(
            name="by_body",
            method="POST",
            path="/",
            handler=by_body,
            tag="platform",
            is_open=True,
            takes_any_query=True,
        ),
        Route(
            name="by_query",
            method="GET",
            path="/",
            handler=by_query,
            tag="platform",
            is_open=True,
            takes_any_query=True,
        ),
    )
)
