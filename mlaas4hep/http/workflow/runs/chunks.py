"""The chunks of a run, for trainings outside: listed, and fetched one by one."""

import flask

from mlaas4hep.core.runs.progress import MOST_ITEMS
from mlaas4hep.core.runs.views import RunChunks
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import ELSEWHERE, FILE, whole
from mlaas4hep.http.workflow.call import Call, answer, download
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.models import THROUGH
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run
from mlaas4hep.usecases import runchunks


def list_chunks(context: Context, call: Call) -> flask.Response:
    """Return the chunks of a run, and what a training elsewhere has to know besides them."""
    return answer(runchunks.listed(find_run(context, call), context.services))


def fetch_chunk(context: Context, call: Call) -> flask.Response:
    """Return one chunk, as docs/chunks.md describes it."""
    call.arg("index")
    run, index = find_run(context, call), call.whole("index", 0, MOST_ITEMS)
    found = runchunks.download(run, index, context.services, call.flag("through"))
    return download(found, f"{run.name}_{index:05d}.chunk", "application/octet-stream")


ROUTES = (
    Route(
        name="list_chunks",
        method="GET",
        path="/runs/{name}/chunks",
        handler=list_chunks,
        tag="runs",
        args=SEEN,
        gives=RunChunks,
        errors=(403, 404, 409),
    ),
    Route(
        name="fetch_chunk",
        method="GET",
        path="/runs/{name}/chunks/{index}",
        handler=fetch_chunk,
        tag="runs",
        args=(
            *SEEN,
            Arg(name="index", about="Its number, from 0.", schema=whole(MOST_ITEMS)),
            THROUGH,
        ),
        gives=FILE,
        also_gives={307: ELSEWHERE},
        media="application/octet-stream",
        errors=(403, 404, 409),
    ),
)
