"""The REST API beside the ancestor's routes: runs, from the list to the diff."""

import pytest

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.specs.cutcounts import CutCount, FileCuts
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.runs.events import (
    ChunkReady,
    EpochEnded,
    FilesOpened,
    ModelReady,
    RangeMeasured,
    RunFailed,
    SpecsReady,
    TrainingStarted,
)
from mlaas4hep.errors import Problem


def tell(world, person, *events, run="luca_1"):
    made = [kind(owner=person.owner, run=run, **fields) for kind, fields in events]
    world.services.runs.apply(made)


FAILED = RunFailed, {"problem": Problem(code="invalid_request", message="no tree", stage="specs")}


@pytest.fixture
def submitted(alice):
    alice.upload()
    alice.upload(name="pia")
    alice.submit(title="first")
    return alice


def names(response):
    return [run["name"] for run in response.json["runs"]]


def test_posting_a_submission_makes_a_run_and_shows_it(alice):
    alice.upload()
    response = alice.post("/runs", json={"name": "luca"})

    assert response.status_code == 201
    assert (response.json["name"], response.json["status"]) == ("luca_1", "submitted")
    assert alice.get("/runs").json["runs"][0]["framework"] == "keras"


def test_the_list_is_filtered_sorted_and_cut_into_pages(world, submitted):
    for name in ("pia", "luca"):
        world.now += 10
        submitted.submit(name=name)
    tell(world, submitted, FAILED, run="pia_1")

    assert names(submitted.get("/runs")) == ["luca_2", "pia_1", "luca_1"]
    assert names(submitted.get("/runs?sort=name")) == ["luca_1", "luca_2", "pia_1"]
    assert names(submitted.get("/runs?status=failed,done")) == ["pia_1"]
    assert names(submitted.get("/runs?folder=luca")) == ["luca_2", "luca_1"]
    assert names(submitted.get("/runs?q=FIRST")) == ["luca_1"]
    page = submitted.get("/runs?limit=1&offset=1")
    assert (names(page), page.json["total"]) == (["pia_1"], 3)


@pytest.mark.parametrize(
    "query",
    [
        "limit=1&limit=2",
        "sort=size",
        "status=dead",
        "limit=-1",
        "limit=x",
        "offset=9999999999",
        "limit=501",
    ],
)
def test_a_list_that_cannot_be_made_is_refused(submitted, query):
    assert submitted.get(f"/runs?{query}").status_code == 400


def test_everybody_sees_their_own_runs_and_admins_all_of_them(world, submitted):
    bob = world.person("bob")
    admin = world.person("root", groups=["mlaas-admins"])

    assert names(bob.get("/runs?all=0")) == []
    refused = bob.get("/runs?all=1")
    assert (refused.status_code, refused.json["error"]["code"]) == (403, "forbidden")
    assert bob.get("/runs/luca_1").status_code == 404
    assert names(admin.get("/runs")) == []
    assert names(admin.get("/runs?all=1")) == ["luca_1"]


def test_a_run_shows_each_stage_with_rate_and_time_left(world, submitted):
    specs = Specs(
        branches=(),
        ranges=(
            RangeCount(file=0, start=0, stop=60, passed=50),
            RangeCount(file=1, start=0, stop=30, passed=10),
        ),
    )
    key = keys.specs(submitted.owner, "abc")
    world.services.specs.put(key, wire.dump(specs))
    tell(world, submitted, (FilesOpened, {"files": 2, "ranges": 2, "entries": 90}))
    tell(
        world,
        submitted,
        *((RangeMeasured, {"index": i, "key": "k", "entries": 45, "passed": 30}) for i in (0, 1)),
        (SpecsReady, {"key": key, "entries": 60, "columns": 7, "chunks": 3}),
        (ChunkReady, {"index": 0, "key": "c", "entries": 20}),
    )
    started = world.services.runs.get(submitted.owner, "luca_1").chunks.started_at
    world.now = started + 10.0

    shown = submitted.get("/runs/luca_1").json
    ranges, chunks, rounds = shown["stages"]
    assert (ranges["state"], ranges["done"], ranges["total"]) == ("done", 2, 2)
    assert chunks["state"] == "running"
    assert (chunks["done"], chunks["failed"], chunks["left"]) == (1, 0, 2)
    assert (chunks["per_second"], chunks["eta_seconds"]) == (0.1, 20.0)
    assert (rounds["state"], rounds["total"]) == ("waiting", None)
    assert [(file["entries"], file["passed"]) for file in shown["files"]] == [(60, 50), (30, 10)]
    assert (shown["columns"], shown["selected_entries"]) == (7, 60)


def test_a_failed_stage_says_so(world, submitted):
    tell(world, submitted, (FilesOpened, {"files": 2, "ranges": 2, "entries": 90}), FAILED)

    stage = submitted.get("/runs/luca_1").json["stages"][0]
    assert (stage["state"], stage["failed"]) == ("failed", 1)


def test_a_loss_that_is_not_a_number_is_null(world, submitted):
    tell(
        world,
        submitted,
        (TrainingStarted, {"rounds": 3}),
        (EpochEnded, {"round": 0, "metrics": (("loss", float("nan")),)}),
    )

    assert submitted.get("/runs/luca_1").json["metrics"] == {"loss": None}


def test_a_cancelled_run_stays_cancelled(world, submitted):
    shown = submitted.post("/runs/luca_1/cancel")

    assert (shown.status_code, shown.json["status"]) == (200, "cancelled")
    assert submitted.post("/runs/luca_1/cancel").status_code == 200
    tell(world, submitted, (ModelReady, {"model": "luca_1", "version": "v"}))
    assert submitted.get("/runs/luca_1").json["status"] == "cancelled"


def test_a_restart_is_another_attempt_that_is_told(world, submitted):
    tell(world, submitted, FAILED)

    shown = submitted.post("/runs/luca_1/restart").json
    assert (shown["status"], shown["attempt"], shown["problem"]) == ("submitted", 2, None)
    assert world.services.bus.published[-1] == f"{submitted.owner}/luca_1/2/run.submitted"


def test_what_cannot_be_done_now_is_a_conflict(world, submitted):
    assert submitted.post("/runs/luca_1/restart").status_code == 409
    assert submitted.call("DELETE", "/runs/luca_1").status_code == 409
    tell(world, submitted, (ModelReady, {"model": "luca_1", "version": "v"}))
    assert submitted.post("/runs/luca_1/cancel").status_code == 409
    assert submitted.post("/runs/luca_1/restart").status_code == 409


def test_a_deleted_run_is_gone_with_its_files(world, submitted):
    tell(world, submitted, FAILED)

    assert submitted.call("DELETE", "/runs/luca_1").json == {"deleted": "luca_1"}
    assert submitted.get("/runs/luca_1").status_code == 404
    assert list(world.services.runs_files.list(f"{submitted.owner}/luca_1/")) == []


def cuts_of(file, entries, passed):
    return FileCuts(file=file, entries=entries, counts=(CutCount(cut="pt > 5", passed=passed),))


@pytest.mark.parametrize(
    ("counted", "of_files", "of_all"),
    [(10, [[4], [3]], [7]), (5, [[4], []], [])],
    ids=["all entries", "only those that this release measured"],
)
def test_the_cut_flow_is_told_where_it_is_known_of_all_entries(
    world, submitted, counted, of_files, of_all
):
    ranges = [RangeCount(file=file, start=0, stop=10, passed=3) for file in (0, 1)]
    cuts = (cuts_of(0, 10, 4), cuts_of(1, counted, 3))
    measured = Specs(branches=(), ranges=tuple(ranges), cuts=cuts)
    world.services.specs.put("specs", sealed.dump(measured))
    ready = SpecsReady(
        owner=submitted.owner, run="luca_1", key="specs", entries=6, columns=1, chunks=1
    )
    world.services.runs.apply([ready])

    told = submitted.get("/runs/luca_1/cutflow").json

    assert (told["entries"], told["passed"]) == (20, 6)
    assert [[cut["passed"] for cut in file["cuts"]] for file in told["files"]] == of_files
    assert [cut["passed"] for cut in told["cuts"]] == of_all


def test_logs_come_by_stage(world, submitted):
    key = keys.run(submitted.owner, "luca_1", "train.log")
    world.services.runs_files.put(key, b"Epoch 1/3\n")

    assert "Epoch 1/3" not in submitted.get("/runs/luca_1/logs?stage=submit").text
    assert "Epoch 1/3" in submitted.get("/runs/luca_1/logs?stage=train").text
    assert submitted.get("/runs/luca_1/logs?stage=cooking").status_code == 400


def test_a_manifest_makes_the_same_run_again(world, submitted):
    manifest = submitted.get("/runs/luca_1/manifest").json
    again = submitted.post("/runs", json=manifest)

    assert again.json["name"] == "luca_2"
    other = submitted.get("/runs/luca_2/manifest").json
    assert other["request"] == manifest["request"]


def test_a_manifest_keeps_that_there_is_no_preproc(submitted):
    submitted.submit(preproc="")

    sent = submitted.get("/runs/luca_2/manifest").json
    again = submitted.post("/runs", json=sent).json["name"]

    assert sent["submission"]["preproc"] == ""
    assert submitted.get(f"/runs/{again}/manifest").json["request"]["preproc"] == ""
    assert "preproc" not in submitted.get("/runs/luca_1/manifest").json["submission"]


def test_a_manifest_of_a_tarball_that_changed_is_a_conflict(submitted):
    manifest = submitted.get("/runs/luca_1/manifest").json
    submitted.upload({"files.txt": "x"})

    assert submitted.post("/runs", json=manifest).status_code == 409


def test_two_runs_are_compared(world, submitted):
    submitted.upload(
        {
            "files.txt": "root://server.example//store/a.root",
            "labels.txt": "1",
            "model.py": "def model(idim):\n    return 1\n",
            "params.json": '{"branch": "events", "epochs": 5, "identifier": ["runNo"]}',
        }
    )
    submitted.submit()

    shown = submitted.get("/runs/luca_1/diff?other=luca_2").json
    assert shown["changed"]["request.params.epochs"] == {"luca_1": 3, "luca_2": 5}
    assert "request.params.seed" not in shown["changed"]
    assert "-    return None\n+    return 1" in shown["model"]


def test_a_person_sees_what_they_use(submitted):
    shown = submitted.get("/me").json
    assert shown["sandbox"] == "any"
    assert "rlimits" in shown["isolation"]

    assert (shown["name"], shown["unfinished_runs"], shown["max_runs"]) == ("alice", 1, 10)
    assert shown["bytes"]["tarballs"] > 0


def test_a_path_or_a_method_that_is_none_is_told_in_words_about_it(alice):
    nowhere, wrong = alice.get("/rusn"), alice.put("/runs")

    assert nowhere.json["error"]["message"].startswith("there is no path '/rusn'")
    assert wrong.json["error"]["message"] == "PUT is not for this path; it takes GET, POST"
    assert (nowhere.status_code, wrong.status_code) == (404, 405)
