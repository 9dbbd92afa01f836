"""The predict function: an ASGI app that serves every model of bucket models, in four dialects.

TFaaS (`/json /proto /image /models /upload /delete /params /status`), raw entries (`/json`),
TensorFlow Serving (`/v1/…`), the Open Inference Protocol (`/v2/…`); and everything by body at `/`,
because `faas-cli invoke` cannot pass a path.
"""

import logging
import time
from collections.abc import Callable, Iterator
from functools import partial

from mlaas4hep import bootstrap
from mlaas4hep.bootstrap.warmup import begin_loading
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import MlaasError, QuotaError
from mlaas4hep.faas.asgi import Receive, Scope, Send, lifespan
from mlaas4hep.faas.bodies import Bodies, ClientGoneError
from mlaas4hep.faas.csrf import check_cookie
from mlaas4hep.faas.headers import check_headers
from mlaas4hep.faas.metrics import CALLER_LEFT, Level
from mlaas4hep.faas.unread import SHORT, Unread
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import Context, error_answer
from mlaas4hep.http.predict.routes import ROUTER
from mlaas4hep.http.predict.shortway import ShortWay
from mlaas4hep.ports import Deliveries, People, Services
from mlaas4hep.serving.batching import Batcher
from mlaas4hep.serving.modellists import ModelLists
from mlaas4hep.serving.registry import Load, Registry
from mlaas4hep.settings import Settings

log = logging.getLogger(__name__)

KEPT_MODELS = 64  #: loaded at once; the one that was not used for longest goes
_BELIEVED_S = 1.0  #: so long a header is believed without asking the verifier, which knows `exp`
_REMEMBERED = 4096
_NO_QUERY: dict[str, str] = {}


def make_app(services: Services, settings: Settings) -> "PredictApp":
    """Return the app that `faas.asgi` serves."""
    events = None
    if settings.dispatcher_public_key_file:
        events = bootstrap.deliveries(settings, "predict")
    return app(services, limits(settings), bootstrap.people(settings), events)


def limits(settings: Settings) -> Limits:
    """Return what one owner may have."""
    return Limits(
        max_upload_bytes=settings.max_upload_bytes,
        max_unpacked_bytes=settings.max_unpacked_bytes,
        max_models=settings.max_models,
        max_runs=settings.max_runs,
        max_bytes=settings.max_bytes,
    )


def app(
    services: Services,
    limits: Limits,
    verifier: People,
    events: Deliveries | None = None,
    *,
    load: Load | None = None,
    bodies: Bodies | None = None,
    unread: Unread | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> "PredictApp":
    """Return the app on top of ready parts."""
    registry = Registry(services.models, load or services.load_model, keep=KEPT_MODELS, clock=clock)
    context = Context(
        services=services,
        models=ModelLists(services.models, clock),
        limits=limits,
        registry=registry,
        batcher=Batcher(registry),
        people=Doorman(verifier, clock),
        events=events,
        bodies=bodies or Bodies(),
        unread=unread or Unread(),
    )
    return PredictApp(context)


class Doorman:
    """Verifies callers without holding up the event loop, and those just seen without a thread."""

    def __init__(self, verifier: People, clock: Callable[[], float] = time.monotonic) -> None:
        self._verifier = verifier
        self._clock = clock
        self._seen: dict[bytes, tuple[Person, float]] = {}  #: with the time until it is believed

    def known(self, header: bytes) -> Person | None:
        """Return who sent this header if that was checked just now; None: ask `person`."""
        person, until = self._seen.get(header, (None, 0.0))
        return person if self._clock() < until else None

    async def person(self, call: Call, batcher: Batcher) -> Person:
        """Return who calls.

        Raises:
            UnauthenticatedError: there is no token that holds.
        """
        header = call.headers.get(b"authorization", b"")
        person = self.known(header)
        if person is None:
            person = await batcher.in_thread(
                partial(self._verifier.person, header.decode("latin-1"))
            )
            self._remember(header, person)
        return person

    def _remember(self, header: bytes, person: Person) -> None:
        now = self._clock()
        if len(self._seen) >= _REMEMBERED:
            self._seen = {each: known for each, known in self._seen.items() if known[1] > now}
        if len(self._seen) < _REMEMBERED:
            self._seen[header] = person, now + _BELIEVED_S


class PredictApp:
    """The ASGI application, and the short way past it."""

    def __init__(self, context: Context) -> None:
        """Answer with the parts in `context`."""
        self.context = context
        self.prompt = ShortWay(context).answers

    def levels(self) -> Iterator[Level]:
        """Yield what Prometheus is told besides the calls."""
        tallies = tuple(self.context.tallies.values())
        yield "mlaas_models_loaded", "Models in memory", "", self.context.registry.loaded
        rows = sum(tally.rows for tally in tallies)
        yield "mlaas_rows_predicted", "Rows and entries since the start", "", rows
        outside = sum(tally.outside for tally in tallies)
        about = "Entries since the start with values that training has never seen"
        yield "mlaas_entries_outside", about, "", outside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop with the server."""
        if scope["type"] == "lifespan":
            begin = partial(begin_loading, self.context.services.prepare_models)
            await lifespan(receive, send, self.context.batcher.close, begin)
            return
        await self.answered(scope, receive, send)

    async def answered(self, scope: Scope, receive: Receive, send: Send) -> int:
        """Answer one request, and return the status that was sent."""
        call = Call.of(scope, receive, self.context.bodies)
        try:
            answer = await self._answer(call)
        except MlaasError as error:
            answer = error_answer(error)
        except ClientGoneError:
            return CALLER_LEFT
        except Exception as error:  # noqa: BLE001 - the outermost loop: the server must go on
            answer = error_answer(error)
        if len(answer.body) > SHORT:
            return await self._answered_in_pieces(call, answer, send)
        return await _told(answer, send)

    async def _answered_in_pieces(self, call: Call, answer: Answer, send: Send) -> int:
        """Send a large answer, unless its owner has enough of them that are not read."""
        unread, owner = self.context.unread, call.person.owner if call.person else ""
        try:
            with unread.place(owner, len(answer.body)):
                await send(answer.start)
                is_read = await unread.send(answer.body, send)
                return answer.status if is_read else CALLER_LEFT
        except QuotaError as error:
            return await _told(error_answer(error), send)

    async def _answer(self, call: Call) -> Answer:
        context, headers = self.context, call.headers
        context.calls[call.method] += 1
        if len(headers) != len(call.scope["headers"]):
            check_headers(call.scope)
        if b"cookie" in headers:
            check_cookie(call.scope)
        route, in_path = ROUTER.find(call.method, call.path)
        if not route.is_open:
            call.person = context.people.known(headers.get(b"authorization", b""))
            if call.person is None:
                call.person = await context.people.person(call, context.batcher)
        query = call.query if call.scope.get("query_string") else _NO_QUERY
        call.args = route.arguments(query, in_path) if query else in_path
        answer: Answer = await route.handler(context, call)
        return answer


async def _told(answer: Answer, send: Send) -> int:
    """Send an answer at once, and return its status."""
    await send(answer.start)
    await send({"type": "http.response.body", "body": answer.body})
    return answer.status
