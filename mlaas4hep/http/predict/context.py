"""What the handlers of the predict function share, and what they answer when something is wrong."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from cachetools import TTLCache

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.requests.auditedaction import AuditedAction, short
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import (
    InvalidRequestError,
    MlaasError,
    TooLargeError,
    UnauthenticatedError,
)
from mlaas4hep.faas.bodies import Bodies
from mlaas4hep.faas.problems import failure
from mlaas4hep.faas.unread import Unread
from mlaas4hep.http.predict.asking import Asking, Dialect, Tally
from mlaas4hep.http.predict.call import Answer, Call, json_answer
from mlaas4hep.ports import Deliveries, Services, TensorInfo
from mlaas4hep.serving.batching import Batcher, Inquiry, Model
from mlaas4hep.serving.loadedmodel import LoadedModel, allowed
from mlaas4hep.serving.modellists import Dated, ModelLists
from mlaas4hep.serving.questions import Outputs
from mlaas4hep.serving.registry import Registry, address, at_version
from mlaas4hep.usecases import audit
from mlaas4hep.usecases.versions import find_version

MAX_BODY_BYTES = 64 * 1024**2  #: of a request for predictions
MAX_ROWS = 200_000  #: of one request in JSON, which takes the whole process while it is read
SMALL_BYTES = 128 * 1024  #: larger bodies are turned into arrays in a thread
_OWNERS, _BELIEVED_S = 4096, 1.0  #: whose newest model is remembered, and for how long


class Callers(Protocol):
    """Knows callers by their tokens, without holding up the event loop."""

    def known(self, header: bytes) -> Person | None:
        """Return who sent this `Authorization` header if that was checked just now."""

    async def person(self, call: Call, batcher: Batcher) -> Person:
        """Return who calls; UnauthenticatedError."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The world, the models that are loaded, and the threads that predict with them."""

    services: Services
    models: ModelLists
    limits: Limits
    registry: Registry
    batcher: Batcher
    people: Callers
    events: Deliveries | None = None  #: None: no event is let in
    tallies: dict[tuple[str, str], Tally] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)  #: by method, since `started_at`
    started_at: float = field(default_factory=time.monotonic)
    bodies: Bodies = field(default_factory=Bodies)  #: that are on their way
    unread: Unread = field(default_factory=Unread)  #: large answers on their way
    newest_models: TTLCache[str, tuple[str, str]] = field(
        default_factory=lambda: TTLCache(_OWNERS, _BELIEVED_S)
    )

    async def predict(self, call: Call, dialect: Dialect) -> Answer:
        """Read a call in its dialect, and answer it."""
        await call.read(MAX_BODY_BYTES)
        return await self.answer(call, dialect(call))

    async def answer(self, call: Call, asking: Asking) -> Answer:
        """Return the answer of the caller's model: at once, or in a micro-batch with other ones."""
        found = self.prompt(call, asking)
        if found is not None:
            return found
        size_bytes, rows = len(call.body or b""), asking.question.rows
        if call.parsed is not None and size_bytes > SMALL_BYTES and rows > MAX_ROWS:
            raise TooLargeError(
                f"{rows} rows in one JSON body are more than {MAX_ROWS}",
                stage="predict",
                hint="send several requests, or binary tensors to /v2/models/NAME/infer",
            )
        owner, name = await self._named(call, asking.model)
        model = owner, name, asking.signature
        result = await self.batcher.ask(model, who(call), asking.question, size_bytes)
        return self._answer_of(asking, owner, name, result)

    def prompt(self, call: Call, asking: Asking) -> Answer | None:
        """Return the answer if it is there at once; None: `answer` has to wait for it."""
        if not _may_be_prompt(call, asking):
            return None
        person = who(call)
        owner, name = address(person, asking.model)
        result = self.batcher.prompt((owner, name, asking.signature), person, asking.question)
        return None if result is None else self._answer_of(asking, owner, name, result)

    def prompt_together(
        self, asked: Sequence[tuple[Call, Asking]]
    ) -> list[Answer | MlaasError | None]:
        """Return what `prompt` returns for each of several calls, or its error."""
        found: list[Answer | MlaasError | None] = [None] * len(asked)
        for model, places in _by_model(asked, found).items():
            sent = [Inquiry(who(asked[place][0]), asked[place][1].question) for place in places]
            results = self.batcher.prompt_together(model, sent)
            for place, result in zip(places, results, strict=True):
                found[place] = self._of(model, asked[place][1], result)
        return found

    def _of(self, model: Model, asking: Asking, result: Any) -> Answer | MlaasError | None:
        """Return the answer that tells a result; an error and None as they are."""
        if result is None or isinstance(result, MlaasError):
            return result
        try:
            return self._answer_of(asking, model[0], model[1], result)
        except MlaasError as error:
            return error

    def _answer_of(self, asking: Asking, owner: str, name: str, result: Any) -> Answer:
        tally = self.tally(owner, name)
        tally.requests += 1
        return asking.to_answer(result, tally)

    async def served(self, call: Call, model: str) -> LoadedModel:
        """Return a model that the caller may use, loaded."""
        return await self._loaded(who(call), *await self._named(call, model))

    async def _named(self, call: Call, model: str) -> tuple[str, str]:
        """Return owner and name of what is asked for: a model, or a version of it by that name."""
        person, version = who(call), call.args.get("version", "")
        owner, name = address(person, model) if model else await self.newest(person)
        if not version:
            return owner, name
        served = (await self._loaded(person, owner, name)).record
        found = await self.batcher.in_thread(partial(find_version, served, version, self.services))
        return owner, name if found == served.version else at_version(name, found)

    async def _loaded(self, person: Person, owner: str, name: str) -> LoadedModel:
        found = self.registry.at_hand(owner, name)
        if found is not None:
            return allowed(found[0], person)
        served: LoadedModel = await self.batcher.for_owner(
            owner, lambda: self.registry.current(owner, name)
        )
        return allowed(served, person)

    async def listed(self, owner: str | None) -> list[Dated]:
        """Return the models of an owner (None: of everybody) with the time they were uploaded."""
        return await self.batcher.in_thread(
            self.models.everybody if owner is None else partial(self.models.of, owner)
        )

    async def newest(self, person: Person) -> tuple[str, str]:
        """Return the model that a request without a name means: the one uploaded last."""
        known = self.newest_models.get(person.owner)
        if known is not None:
            return known
        found = await self.listed(person.owner)
        if not found:
            raise InvalidRequestError("the request names no model", hint='add "model": "luca_1"')
        record, _ = max(found, key=lambda each: each[1])
        self.newest_models[person.owner] = record.owner, record.name
        return record.owner, record.name

    async def note(self, call: Call, action: str, model: str) -> None:
        """Add to the audit log what a call has changed."""
        person = who(call)
        audited = AuditedAction(
            at=self.services.clock(),
            owner=person.owner,
            person=short(person.subject),
            function="predict",
            action=action,
            target=short(model),
        )
        await self.batcher.in_thread(partial(audit.note, audited, self.services))

    def changed(self, owner: str, name: str) -> None:
        """Forget what was believed about a model that this process has just changed."""
        self.registry.doubt(owner, name)
        self.newest_models.pop(owner, None)

    def tally(self, owner: str, name: str) -> Tally:
        """Return the counters of a model."""
        tally = self.tallies.get((owner, name))
        if tally is None:
            tally = self.tallies[owner, name] = Tally()
        return tally


def _may_be_prompt(call: Call, asking: Asking) -> bool:
    small = len(call.body or b"") <= SMALL_BYTES
    return small and bool(asking.model) and "version" not in call.args


def _by_model(
    asked: Sequence[tuple[Call, Asking]], found: list[Answer | MlaasError | None]
) -> dict[Model, list[int]]:
    """Return the places of calls that may be answered at once; `found` gets names that are none."""
    models: dict[Model, list[int]] = {}
    for place, (call, asking) in enumerate(asked):
        if not _may_be_prompt(call, asking):
            continue
        try:
            owner, name = address(who(call), asking.model)
        except MlaasError as error:
            found[place] = error
        else:
            models.setdefault((owner, name, asking.signature), []).append(place)
    return models


def who(call: Call) -> Person:
    """Return the verified caller."""
    if call.person is None:
        raise UnauthenticatedError("there is no token")
    return call.person


def only_input(served: LoadedModel) -> TensorInfo:
    """Return the one input of a model; InvalidRequestError if it has several."""
    inputs = served.runtime.inputs
    if len(inputs) != 1:
        raise InvalidRequestError(
            f"model {served.record.name!r} has {len(inputs)} inputs, rows fill only one",
            hint=f"use /v2/models/{served.record.name}/infer or /v1/models with named inputs: "
            + ", ".join(each.name for each in inputs),
        )
    return inputs[0]


def row_values(served: LoadedModel, outputs: Outputs) -> Array:
    """Return what rows and entries are answered with: one output, or all that we trained.

    Raises:
        InvalidRequestError: the model has several outputs, and params.json names none of them.
    """
    values = served.answered(outputs)
    if values is None:
        name = served.record.name
        raise InvalidRequestError(
            f"model {name!r} has several outputs ({', '.join(outputs)}), and params.json names none "
            "of them for rows",
            hint=f'POST /params {{"name": "{name}", "outputNode": "{next(iter(outputs))}"}}, or use '
            f"/v1/models/{name}:predict or /v2/models/{name}/infer, which answer with all",
        )
    return values


def row_output(served: LoadedModel, outputs: Outputs, rows: int) -> Array:
    """Return what `row_values` returns, one place for each row.

    Raises:
        InvalidRequestError: there is not one place for each row.
    """
    return by_row(served, served.output, row_values(served, outputs), rows)


def by_row(served: LoadedModel, name: str, values: Array, rows: int) -> Array:
    """Return an output that has one place for each row; of one row, a number is one, too.

    Raises:
        InvalidRequestError: nobody can say which part of it belongs to which row.
    """
    if served.gives_each(rows, name, values):
        return values
    if not values.ndim and rows == 1:
        return values[None]
    raise InvalidRequestError(
        f"output {name!r} of model {served.record.name!r} has shape {list(values.shape)} for "
        f"{rows} rows: it says nothing about each row",
        hint=f'/v2/models/{served.record.name}/infer, or "inputs" of /v1, answer with whole outputs',
    )


def error_answer(error: Exception) -> Answer:
    """Return `{"error": text, "problem": {…}}`: a string for old clients, the rest for new ones.

    What we did not foresee is logged with its traceback and shown to nobody.
    """
    if isinstance(error, RecursionError):  # orjson reads lists that are deeper than Python can walk
        error = InvalidRequestError("what was sent is nested too deeply")
    failed = failure(error)
    problem = failed.problem
    text = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
    answer = json_answer({"error": text, "problem": problem.to_json()}, failed.status)
    headers = tuple(
        (name.lower().encode(), value.encode()) for name, value in failed.headers.items()
    )
    return answer._replace(headers=headers) if headers else answer
