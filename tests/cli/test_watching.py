"""Runs that are watched and followed from the command line, to their end or until sight is lost."""

import json

from mlaas4hep.core.runs.events import ModelReady, RunFailed, TrainingStarted
from mlaas4hep.errors import Problem
from mlaas4hep.http.workflow.front import front
from tests.asgi import serving
from tests.cli.conftest import Awaited, Gateway, tell


def test_watch_tells_each_status_and_ends_with_the_run(cli, world, deployment, submitted):
    def end():
        tell(world, ModelReady, model="luca_1", version="v")

    with serving(Awaited(front(world.app), end)) as url:
        result = cli("watch", "luca_1", "--url", url, *deployment[2:])

    assert result.code == 0
    lines = result.out.splitlines()
    assert lines[0].endswith("luca_1 is submitted")
    assert lines[-1] == "luca_1 is done: the model luca_1 is served"


def test_logs_are_followed_to_the_end_of_the_run(cli, world, deployment, submitted):
    def end():
        tell(world, ModelReady, model="luca_1", version="v")

    with serving(Awaited(front(world.app), end)) as url:
        result = cli("logs", "luca_1", "-f", "--url", url, *deployment[2:])

    assert result.code == 0
    whole = cli("logs", "luca_1", *deployment).out.splitlines()
    assert "run luca_1 is done" in result.out
    assert [line for line in result.out.splitlines() if line in whole] == whole


def test_watching_a_run_that_fails_is_1_and_says_why(cli, world, deployment, submitted):
    tell(world, RunFailed, problem=Problem(code="x", message="no tree", stage="specs", hint="h"))
    result = cli("watch", "luca_1", *deployment)

    assert result.code == 1
    assert result.err == "error: no tree (stage specs)\nhint: h\n"
    shown = cli("status", "luca_1", *deployment).out.splitlines()
    assert shown[-2:] == ["failed: no tree (stage specs)", "hint: h"]


def test_watch_as_json_is_a_line_for_each_change(cli, world, deployment, submitted):
    tell(world, TrainingStarted, rounds=3)
    tell(world, RunFailed, problem=Problem(code="x", message="no tree"))
    result = cli("watch", "luca_1", "--json", *deployment)

    assert [json.loads(line)["status"] for line in result.out.splitlines()] == ["failed"]


def test_a_watch_that_loses_sight_says_that_the_run_goes_on(cli, world, deployment, submitted):
    with serving(Expiring(front(world.app))) as url:
        result = cli("watch", "luca_1", "--url", url, *deployment[2:])

    assert result.code == 3
    error, hint = result.err.splitlines()
    assert error.startswith("error: lost sight of luca_1, which was submitted: the token has")
    assert error.endswith("; the run goes on")
    assert "mlaas4hep watch luca_1" in hint


def test_a_watch_that_never_saw_the_run_is_an_ordinary_failure(cli, world, deployment, submitted):
    result = cli("watch", "luca_1", *deployment[:2], "--token", "gibberish")

    assert result.code == 1
    assert "lost sight" not in result.err


class Expiring(Gateway):
    """A gateway for a token that ends while somebody waits for a change."""

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or b"seen=" not in scope["query_string"]:
            await super().__call__(scope, receive, send)
            return
        problem = {"code": "unauthenticated", "message": "the token has expired"}
        await send({"type": "http.response.start", "status": 401, "headers": []})
        body = json.dumps({"error": problem}).encode()
        await send({"type": "http.response.body", "body": body})
