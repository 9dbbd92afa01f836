import errno
import logging
import os
import sys
import threading
from dataclasses import replace

import pytest

from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, RunCancelled, RunSubmitted
from mlaas4hep.dispatcher.verdict import MAX_FAILURES, Action, CallOutcome, History, judge
from mlaas4hep.errors import (
    InvalidRequestError,
    NotFoundError,
    Problem,
    QuotaError,
    ServiceUnavailableError,
    StoppingError,
)
from mlaas4hep.faas import on_event as faas
from tests.faas.dispatching import KEY, warmed

PLANNED = ChunkPlanned(owner="o", run="luca_1", index=0, specs="o/merged/s.json")
READY = ChunkReady(owner="o", run="luca_1", index=0, key="o/c.chunk", entries=5)


@pytest.fixture
def make(services, settings):
    def client(step):
        function = faas.on_event("chunk-preprocess", {ChunkPlanned: step})
        return function.factory(services, settings).test_client()

    return client


def headers(event_id=PLANNED.id, function="chunk-preprocess", **changes):
    token = DispatcherSigner(KEY.private_pem).token(function, event_id, **changes)
    return {"Authorization": f"Bearer {token}"}


def test_a_delivery_runs_the_step_and_writes_its_news_into_the_run(make, services):
    client = make(lambda _event, _services: [READY])

    answer = client.post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert (answer.status_code, answer.json) == (200, {"event": PLANNED.id})
    assert services.runs.get("o", "luca_1").chunks.done == 1


@pytest.mark.parametrize(("has_own_limit", "status"), [(False, 503), (True, 200)])
def test_a_step_has_so_long_as_the_deployment_says_unless_it_knows_itself(
    services, settings, has_own_limit, status
):
    def step(_event, services):
        services.stopping.check()
        return []

    function = faas.on_event("chunk-preprocess", {ChunkPlanned: step}, has_own_limit=has_own_limit)
    client = function.factory(services, replace(settings, step_seconds=0)).test_client()
    answer = client.post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert answer.status_code == status
    assert not services.stopping.is_asked


def test_the_dispatcher_is_told_that_the_run_of_an_event_is_over(make, services):
    client = make(lambda _event, _services: [READY])
    services.runs.apply([RunCancelled(owner="o", run="luca_1")])

    answer = client.post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert (answer.status_code, answer.json) == (200, {"event": PLANNED.id, "over": True})


def test_what_is_told_again_tells_its_news_again(make, services):
    told = replace(READY, index=0)
    client = make(lambda _event, _services: [told])
    for again in ("", "", "17"):
        given = headers() | ({cloudevents.AGAIN: again} if again else {})
        client.post("/", data=cloudevents.dump_event(PLANNED), headers=given)

    assert services.bus.published == [told.id, told.id]


def test_each_delivery_is_one_line_in_the_log_with_run_and_event(make, caplog):
    client = make(lambda _event, _services: [])
    with caplog.at_level(logging.INFO, "mlaas4hep.faas.on_event"):
        client.post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"run=o/luca_1 event={PLANNED.id} ")


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"Authorization": "Basic YTpi"},
        headers(event_id="another event"),
        headers(function="train"),
        headers(ttl_s=-60),
    ],
)
def test_only_the_dispatchers_token_for_this_event_and_function_is_accepted(make, sent, caplog):
    done = []
    client = make(lambda event, _services: done.append(event) or [])

    answer = client.post("/", data=cloudevents.dump_event(PLANNED), headers=sent)

    assert (answer.status_code, answer.json["error"]["code"]) == (401, "unauthenticated")
    assert done == []
    assert all(record.exc_info is None for record in caplog.records)  # a stranger fills no log


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (InvalidRequestError("branch 'pt' is not there"), 422, "invalid_request"),
        (NotFoundError("no such object"), 422, "not_found"),
        (QuotaError("over the quota"), 422, "quota_exceeded"),
        (ServiceUnavailableError("the store is away"), 503, "service_unavailable"),
    ],
)
def test_the_status_tells_the_dispatcher_whether_to_try_again(make, error, status, code):
    def fail(_event, _services):
        raise error

    answer = make(fail).post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert (answer.status_code, answer.json["error"]["code"]) == (status, code)
    assert answer.json["error"]["stage"] == "chunk-preprocess"


def test_the_dispatcher_is_told_when_a_server_wants_to_be_asked_again(make):
    def fail(_event, _services):
        raise ServiceUnavailableError("it answers 429", file="x.root", retry_after_s=299.5)

    answer = make(fail).post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")


def test_a_function_that_is_told_to_end_names_no_file_whose_server_could_be_away(make):
    def fail(_event, _services):
        raise StoppingError().located(file="x.root")

    answer = make(fail).post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert (answer.status_code, answer.json["error"]["file"]) == (503, "")
    assert answer.json["error"]["stage"] == "chunk-preprocess"
    assert "Retry-After" not in answer.headers


def test_what_nobody_foresaw_is_logged_and_not_shown(make, caplog):
    def fail(_event, _services):
        raise RuntimeError("secret detail")

    answer = make(fail).post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    assert answer.status_code == 500
    assert answer.json["error"]["code"] == "internal_error"
    assert "secret detail" not in answer.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    ("body", "event_id"),
    [
        (b"nonsense", PLANNED.id),
        (b'{"type": "chunk.planned", "data": {"owner": "o"}}', PLANNED.id),
        (
            cloudevents.dump_event(RunSubmitted(owner="o", run="luca_1")),
            RunSubmitted(owner="o", run="luca_1").id,
        ),
    ],
)
def test_a_message_that_can_never_be_handled_is_parked(make, body, event_id):
    client = make(lambda _event, _services: [])

    answer = client.post("/", data=body, headers=headers(event_id))

    assert (answer.status_code, answer.json["error"]["code"]) == (422, "strange_event")


def test_a_message_over_a_megabyte_is_refused(make):
    answer = make(lambda _event, _services: []).post("/", data=b"x" * 2**21, headers=headers())

    assert (answer.status_code, answer.json["error"]["code"]) == (413, "request_entity_too_large")


def test_more_deliveries_than_workers_are_sent_away_for_later(make):
    inside, go_on = threading.Event(), threading.Event()

    def wait(_event, _services):
        inside.set()
        assert go_on.wait(60)
        return []

    client = make(wait)
    body = cloudevents.dump_event(PLANNED)
    first = threading.Thread(
        target=client.post, args=("/",), kwargs={"data": body, "headers": headers()}
    )
    first.start()
    assert inside.wait(60)
    busy = client.post("/", data=body, headers=headers())
    go_on.set()
    first.join()
    after = client.post("/", data=body, headers=headers())

    assert (busy.status_code, busy.json["error"]["code"]) == (429, "busy")
    assert after.status_code == 200


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EMFILE])
def test_a_machine_without_room_fails_no_run(make, number):
    def write(_event, _services):
        raise OSError(number, os.strerror(number))

    answer = make(write).post("/", data=cloudevents.dump_event(PLANNED), headers=headers())

    error = answer.json["error"]
    assert (answer.status_code, error["code"]) == (503, "service_unavailable")
    assert os.strerror(number) in error["message"]
    outcome = CallOutcome(status=503, problem=Problem(**error))
    assert judge(outcome, History(failures=MAX_FAILURES - 1), 0.0, "specs").action is Action.LATER


def test_only_posts_to_the_root_exist(make):
    client = make(lambda _event, _services: [])

    assert client.get("/").status_code == 405
    assert client.get("/secret").json["error"]["code"] == "not_found"


def test_health_and_readiness_need_no_token(make):
    client = make(lambda _event, _services: [])

    assert client.get("/_/health").json == {"status": "healthy"}
    assert client.get("/_/ready").json == {"status": "ready"}


def test_what_a_step_will_import_is_imported_once_the_function_is_ready(
    services, settings, tmp_path, monkeypatch
):
    (tmp_path / "slow_library.py").write_text("import threading\nimported = threading.Event()\n")
    monkeypatch.syspath_prepend(tmp_path)
    function = faas.on_event("specs", {}, warms=["slow_library"])
    client = function.factory(services, settings).test_client()

    client.get("/_/health")
    assert "slow_library" not in sys.modules
    client.get("/_/ready")
    client.get("/_/ready")
    warmed()
    assert "slow_library" in sys.modules
