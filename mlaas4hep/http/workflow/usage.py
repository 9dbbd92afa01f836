"""What a person uses here and may use, and the specs and chunks that are kept for them."""

import base64
import json

import flask

from mlaas4hep import __version__
from mlaas4hep.adapters.confinement.offered import offered
from mlaas4hep.adapters.identity.tokens import bearer
from mlaas4hep.core import keys
from mlaas4hep.core.runs import webhooks
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import (
    Deleted,
    Deployment,
    OwnToken,
    SignIn,
    StoredSpecs,
    Usage,
    WebhookSecret,
)
from mlaas4hep.http.route import Route
from mlaas4hep.http.workflow.call import Call, answer
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases import room, runs


def list_specs(context: Context, call: Call) -> flask.Response:
    """Return the stored specs with their sizes."""
    infos = context.services.specs.list(keys.specs(call.person.owner, "").removesuffix(".json"))
    return answer(
        [
            StoredSpecs(
                id=info.key.rsplit("/", 1)[-1].removesuffix(".json"),
                size_bytes=info.size_bytes,
                made_at=clock_time(info.modified_at),
            )
            for info in infos
        ]
    )


def delete_cache(context: Context, call: Call) -> flask.Response:
    """Delete all specs and chunks of the person; the next run reads its files again."""
    return answer(Deleted(deleted=runs.delete_cache(call.person.owner, context.services)))


def show_usage(context: Context, call: Call) -> flask.Response:
    """Return who the person is, what they use, and what they may use."""
    person = call.person
    unfinished = [run for run in context.services.runs.list(person.owner) if not run.is_final]
    return answer(
        Usage(
            owner=person.owner,
            name=person.name or person.subject,
            groups=person.groups,
            is_admin=person.is_admin,
            bytes=room.used_bytes(person.owner, context.services),
            max_bytes=context.limits.max_bytes,
            unfinished_runs=len(unfinished),
            max_runs=context.limits.max_runs,
            max_models=context.limits.max_models,
            max_upload_bytes=context.limits.max_upload_bytes,
            frameworks=context.limits.frameworks,
            formats=context.limits.formats,
            sandbox=context.limits.sandbox,
            isolation=offered(),
        )
    )


def show_deployment(context: Context, _call: Call) -> flask.Response:
    """Return what answers here, and which frameworks and formats it works with."""
    return answer(
        Deployment(
            service="mlaas4hep workflow",
            version=__version__,
            frameworks=context.limits.frameworks,
            formats=context.limits.formats,
        )
    )


def show_sign_in(context: Context, _call: Call) -> flask.Response:
    """Return how a program in a terminal gets a token of this deployment's issuer."""
    return answer(context.sign_in)


def show_webhook(context: Context, call: Call) -> flask.Response:
    """Return who may be told of a run's end, and the secret that signs it."""
    key = context.webhook_key
    shown = WebhookSecret(
        hosts=context.limits.webhook_hosts,
        secret=webhooks.secret_of(key, call.person.owner) if key else "",
    )
    response = answer(shown)
    response.headers["Cache-Control"] = "no-store"
    return response


def show_token(_context: Context, call: Call) -> flask.Response:
    """Return the token of this call: for who signed in with a browser and works from a terminal."""
    token = bearer(call.http.headers.get("Authorization"))
    response = answer(OwnToken(token=token, expires_at=_end(token)))
    response.headers["Cache-Control"] = "no-store"
    return response


def _end(token: str) -> str | None:
    """Return when a token that was verified ends, if it says so."""
    try:
        claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
        return clock_time(float(claims["exp"]))
    except (IndexError, KeyError, TypeError, ValueError, OverflowError):
        return None


ROOT = Route(
    name="show_deployment",
    method="GET",
    path="/",
    handler=show_deployment,
    tag="me",
    gives=Deployment,
)
ROUTES = (
    ROOT,
    Route(
        name="list_specs",
        method="GET",
        path="/specs",
        handler=list_specs,
        tag="specs",
        actions=("specs",),
        gives=tuple[StoredSpecs, ...],
    ),
    Route(
        name="delete_cache",
        method="DELETE",
        path="/specs",
        handler=delete_cache,
        tag="specs",
        gives=Deleted,
        errors=(409,),
    ),
    Route(
        name="show_usage",
        method="GET",
        path="/me",
        handler=show_usage,
        tag="me",
        actions=("me",),
        gives=Usage,
    ),
    Route(
        name="show_sign_in",
        method="GET",
        path="/sign-in",
        handler=show_sign_in,
        tag="me",
        gives=SignIn,
        is_open=True,
        is_by_path_only=True,
    ),
    Route(
        name="show_webhook",
        method="GET",
        path="/me/webhook",
        handler=show_webhook,
        tag="me",
        gives=WebhookSecret,
        is_by_path_only=True,
    ),
    Route(
        name="show_token",
        method="GET",
        path="/me/token",
        handler=show_token,
        tag="me",
        gives=OwnToken,
        is_by_path_only=True,
    ),
)
