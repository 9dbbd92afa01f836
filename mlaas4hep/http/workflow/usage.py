"""What a person uses here and may use, and the specs and chunks that are kept for them."""

import flask

from mlaas4hep.core import keys
from mlaas4hep.core.runs.durations import clock_time
from mlaas4hep.core.runs.views import Deleted, StoredSpecs, Usage
from mlaas4hep.http.route import Route
from mlaas4hep.http.workflow.call import Ask, Door, answer
from mlaas4hep.usecases import quotas, runs


def list_specs(door: Door, ask: Ask) -> flask.Response:
    """Return the stored specs with their sizes."""
    infos = door.services.specs.list(keys.specs(ask.person.owner, "").removesuffix(".json"))
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


def delete_cache(door: Door, ask: Ask) -> flask.Response:
    """Delete all specs and chunks of the person; the next run reads its files again."""
    return answer(Deleted(deleted=runs.delete_cache(ask.person.owner, door.services)))


def show_usage(door: Door, ask: Ask) -> flask.Response:
    """Return who the person is, what they use, and what they may use."""
    person = ask.person
    unfinished = [run for run in door.services.runs.list(person.owner) if not run.is_final]
    return answer(
        Usage(
            owner=person.owner,
            name=person.name or person.subject,
            groups=person.groups,
            is_admin=person.is_admin,
            bytes=quotas.used_bytes(person.owner, door.services),
            max_bytes=door.limits.max_bytes,
            unfinished_runs=len(unfinished),
            max_runs=door.limits.max_runs,
            max_models=door.limits.max_models,
            max_upload_bytes=door.limits.max_upload_bytes,
            frameworks=door.limits.frameworks,
        )
    )


ROUTES = (
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
)
