"""Every route of workflow holds to the contract of routes."""

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady, RunFailed
from mlaas4hep.errors import Problem
from mlaas4hep.http.workflow.routes import ROUTES
from tests.http.contract import Answered, Example, RouteContract
from tests.people import FOLDER, SUBMISSION, World, pack

RUN, DONE, FAILED = "luca_1", "luca_2", "luca_3"
_RUN = Example(args={"name": RUN})
PACKED = pack(FOLDER)
_SENT = Example(args={"name": "luca"}, data=PACKED)
_PROCESS = Example(args={"process_name": RUN})
_IDLE = Example(args={"name": "idle"})
EXAMPLES = {
    "hello": Example(),
    "upload": _SENT,
    "submit": Example(json=SUBMISSION),
    "status_docker": _PROCESS,
    "logs": _PROCESS,
    "model": Example(args={"process_name": DONE}),
    "delete_specs": _IDLE,
    "delete_folder": _IDLE,
    "setup_tfaas": Example(),
    "list_runs": Example(args={"limit": "1", "sort": "-name"}),
    "show_run": _RUN,
    "delete_run": Example(args={"name": FAILED}),
    "run_logs": _RUN,
    "cancel_run": _RUN,
    "restart_run": Example(args={"name": FAILED}),
    "create_run": Example(json=SUBMISSION),
    "show_manifest": _RUN,
    "compare_runs": Example(args={"name": RUN, "other": DONE}),
    "list_tarballs": Example(),
    "show_tarball": Example(args={"name": "luca"}),
    "put_tarball": _SENT,
    "delete_tarball": _IDLE,
    "list_models": Example(),
    "show_model": Example(args={"name": DONE}),
    "fetch_model": Example(args={"name": DONE}),
    "share_model": Example(args={"name": DONE}, json={"groups": ["cms"]}),
    "delete_model": Example(args={"name": DONE}),
    "list_versions": Example(args={"name": DONE}),
    "promote_model": Example(args={"name": "best"}, json={"from": DONE}),
    "serve_version": Example(args={"name": DONE, "version": "v1"}),
    "move_alias": Example(args={"name": DONE, "alias": "production"}, json={"version": "v1"}),
    "show_card": Example(args={"name": DONE}),
    "fetch_card": Example(args={"name": DONE}),
    "list_specs": Example(),
    "delete_cache": Example(),
    "show_usage": Example(),
    "show_deployment": Example(),
    "show_history": _RUN,
    "fetch_curves": _RUN,
    "show_quality": _RUN,
    "show_checks": _RUN,
    "show_histograms": _RUN,
    "show_correlations": _RUN,
    "show_cutflow": _RUN,
    "openapi": Example(),
    "docs": Example(),
    "ui": Example(),
    "ui_home": Example(),
    "show_token": Example(),
    "show_sign_in": Example(),
    "show_webhook": Example(),
}
#: a stream, a scoring that has run, a model of two versions, chunks, and an object store that people reach: see their own tests
ELSEWHERE = {
    "watch_run",
    "create_scan",
    "show_scan",
    "roll_back",
    "list_chunks",
    "fetch_chunk",
    "score",
    "fetch_scores",
    "offer_upload",
    "show_audit",
    "take_upload",
    "show_features",
    "show_sample",
    "list_queues",
    "list_dead_letters",
    "retry_dead_letter",
}


class Context:
    """Calls the routes of a world in which there is something to ask for."""

    def __init__(self, folder, number=0):
        self._folder, self._number = folder, number
        state = folder / str(number)
        state.mkdir()
        self.world = World(state)
        self._fill()

    def fresh(self):
        return Context(self._folder, self._number + 1 + len(list(self._folder.iterdir())))

    def _fill(self):
        alice = self.world.person("alice")
        alice.send(PACKED)
        alice.send(PACKED, "idle")
        for _ in range(3):
            alice.submit()
        owner, services = alice.owner, self.world.services
        record = ModelRecord(owner=owner, name=DONE, version="v1", files=("saved_model.pb",))
        services.models.put(keys.model_file(owner, DONE, "v1", "saved_model.pb"), b"pb")
        services.models.put(keys.model(owner, DONE), wire.dump(record))
        for name in (files.HISTORY, files.QUALITY, files.HISTOGRAMS):
            stored = b"{}" if name == files.QUALITY else b"[]"
            services.runs_files.put(files.key(owner, RUN, name), stored)
        together = b'{"branches": [], "matrix": []}'
        services.runs_files.put(files.key(owner, RUN, files.CORRELATIONS), together)
        checks = b'{"schema_version": 1, "overtraining": null, "importance": null}'
        services.runs_files.put(files.key(owner, RUN, files.CHECKS), checks)
        problem = Problem(code="x", message="x")
        services.runs.apply([ModelReady(owner=owner, run=DONE, model=DONE, version="v1")])
        services.runs.apply([RunFailed(owner=owner, run=FAILED, problem=problem)])
        self.alice = alice

    def finish(self):
        """End what is under way."""
        problem = Problem(code="x", message="x")
        failed = RunFailed(owner=self.alice.owner, run=RUN, problem=problem)
        self.world.services.runs.apply([failed])

    def send(self, method, path, query, example, token=None):
        header = self.alice.header if token is None else token
        sent = {"json": example.json} if example.data is None else {"data": example.data}
        answer = self.alice.http.open(
            path,
            method=method,
            query_string=query,
            headers={"Authorization": header} if header else {},
            **(sent if example.json is not None or example.data is not None else {}),
        )
        return Answered(status=answer.status_code, media=answer.mimetype, body=answer.data)


class Idle(Context):
    """One in which nothing is under way."""

    def _fill(self):
        super()._fill()
        self.finish()

    def fresh(self):
        return Idle(self._folder, self._number + 1 + len(list(self._folder.iterdir())))


@pytest.fixture(params=[route for route in ROUTES if route.name not in ELSEWHERE], ids=str)
def route(request):
    return request.param


@pytest.fixture
def example(route):
    return EXAMPLES[route.name]


@pytest.fixture
def door(tmp_path, route):
    idle = route.name in {"delete_specs", "delete_cache"}
    return Idle(tmp_path) if idle else Context(tmp_path)


class TestWorkflow(RouteContract):
    """The contract, for workflow."""

    function = "workflow"
    bad_tokens = ("", "Basic YTpi", "Bearer x.y.z")


def test_every_route_has_an_example_or_tests_of_its_own():
    assert {route.name for route in ROUTES} == EXAMPLES.keys() | ELSEWHERE
