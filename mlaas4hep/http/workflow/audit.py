"""The audit log over HTTP: each change is noted, and whoever is an admin may read what was."""

from contextlib import suppress
from dataclasses import asdict, dataclass

import flask

from mlaas4hep.core.requests.auditedaction import AuditedAction, short
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import audit

MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLine:
    """Something that a person changed."""

    at: str
    owner: str
    person: str
    function: str
    action: str
    target: str
    made: str


def note(context: Context, route: Route, call: Call, response: flask.Response) -> None:
    """Note what a call has changed."""
    if call.flag("dry_run"):
        return
    audited = AuditedAction(
        at=context.services.clock(),
        owner=call.person.owner,
        person=short(call.person.subject),
        function="workflow",
        action=route.name,
        target=short(call.args.get("name") or _in_body(call)),
        made=short(_name_of_new(response)),
    )
    audit.note(audited, context.services)


def _in_body(call: Call) -> object:
    if call.http.mimetype == "application/json":
        with suppress(InvalidRequestError):
            body = call.json()
            return body.get("name") or body.get("model")
    return ""


def _name_of_new(response: flask.Response) -> object:
    body = response.get_json(silent=True) if response.is_json else None
    return body.get("name") if isinstance(body, dict) else ""


def show_audit(context: Context, call: Call) -> flask.Response:
    """Return what people changed, the newest first; for admins."""
    if not call.person.is_admin:
        raise ForbiddenError("only admins may read the audit log")
    limit = call.whole("limit", 100, MOST)
    actions = context.services.audit.newest(limit, call.args.get("owner", ""))
    return answer(
        [AuditLine(**{**asdict(audited), "at": clock_time(audited.at)}) for audited in actions]
    )


ROUTES = (
    Route(
        name="show_audit",
        method="GET",
        path="/audit",
        handler=show_audit,
        tag="me",
        args=(
            Arg(
                name="limit",
                about="How many.",
                schema={"type": "integer", "minimum": 0, "maximum": MOST, "default": 100},
            ),
            Arg(name="owner", about="Only what was changed of this owner's."),
        ),
        gives=tuple[AuditLine, ...],
        errors=(403, 503),
    ),
)
