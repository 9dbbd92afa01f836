"""What administrators see and mend: queues, and events that could not be handled."""

import flask

from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.runs.views import DeadLetter, QueueLength, TriedAgain
from mlaas4hep.errors import ForbiddenError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import deadletters


def list_queues(context: Context, call: Call) -> flask.Response:
    """Return what waits for each function, for admins."""
    _check(call.person)
    found = context.services.dead_letters.queues()
    return answer(
        tuple(
            QueueLength(
                function=one.function,
                waiting=one.waiting,
                held=one.held,
                redelivered=one.redelivered,
            )
            for one in found
        )
    )


def list_dead_letters(context: Context, call: Call) -> flask.Response:
    """Return the events that could not be handled, the oldest first, for admins."""
    _check(call.person)
    return answer(deadletters.listed(context.services))


def retry_dead_letter(context: Context, call: Call) -> flask.Response:
    """Let the run of an event that could not be handled begin another attempt, for admins."""
    _check(call.person)
    sequence = call.whole("sequence", 0, DOUBLES_HOLD)
    return answer(deadletters.try_again(sequence, context.services))


def _check(person: Person) -> None:
    if not person.is_admin:
        raise ForbiddenError("this is for admins", hint="the group MLAAS_ADMIN_GROUP has them")


ROUTES = (
    Route(
        name="list_queues",
        method="GET",
        path="/admin/queues",
        handler=list_queues,
        tag="admin",
        gives=tuple[QueueLength, ...],
        errors=(403,),
    ),
    Route(
        name="list_dead_letters",
        method="GET",
        path="/admin/dead-letters",
        handler=list_dead_letters,
        tag="admin",
        gives=tuple[DeadLetter, ...],
        errors=(403,),
    ),
    Route(
        name="retry_dead_letter",
        method="POST",
        path="/admin/dead-letters/{sequence}/retry",
        handler=retry_dead_letter,
        tag="admin",
        args=(
            Arg(
                name="sequence",
                about="Its number in the list.",
                required=True,
                schema={"type": "integer", "minimum": 0, "maximum": DOUBLES_HOLD},
                looks=r"\d{1,16}",
            ),
        ),
        gives=TriedAgain,
        errors=(403, 404),
    ),
)
