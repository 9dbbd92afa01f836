"""Submissions that cannot work are refused at the door, with what is wrong and what is near."""

from dataclasses import replace

import pytest

from mlaas4hep.core.requests.submission import parse_submission
from mlaas4hep.errors import ConflictError
from mlaas4hep.usecases import runs, submit
from tests.people import FOLDER


def refused(alice, changed=None, status=400, /, **submission):
    alice.upload({**FOLDER, **(changed or {})})
    response = alice.submit(**submission)
    assert response.status_code == status, response.text
    assert alice.get("/runs").json["total"] == 0
    return response.json["error"]


def test_nothing_was_uploaded(alice):
    response = alice.submit()

    assert response.status_code == 404
    assert "luca" in response.json["error"]["message"]


@pytest.mark.parametrize("key", ["files", "labels", "model", "params", "preproc"])
def test_a_file_that_is_not_in_the_tarball_is_named_with_the_nearest(alice, key):
    name = {"params": "parms.json", "model": "modle.py", "preproc": "preprc.json"}
    wanted = name.get(key, f"{key}s.tx")

    error = refused(alice, **{key: wanted})
    assert error["file"] == wanted
    assert error["stage"] == "submit"
    assert "did you mean" in error["hint"]


@pytest.mark.parametrize("key", ["files", "labels", "model", "params"])
def test_paths_do_not_leave_the_tarball(alice, key):
    for path in ("../../etc/passwd", "/etc/passwd"):
        refused(alice, **{key: path})


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("/etc/passwd", 400),
        ("~/a.root", 400),
        ("/data/a.root", 400),
        ("file:///etc/passwd", 400),
        ("http://server/a.root", 400),
        ("root://user@server//a.root", 400),
        ("root://proxy//root://other//a.root", 400),
        ("root:///a.root", 400),
        ("https://[broken/a.root", 400),
        ("https://server:port/a.root", 400),
        ("missing.root", 400),
        ("/store/a.root", 400),
    ],
)
def test_files_come_from_the_tarball_or_from_servers(alice, line, status):
    error = refused(alice, {"files.txt": line, "labels.txt": "1"}, status)

    assert error["hint"] or error["file"]


def test_a_missing_file_names_the_nearest(alice):
    files = {"files.txt": "signla.root", "labels.txt": "x", "signal.root": b"1"}

    assert refused(alice, files)["hint"] == "did you mean 'signal.root'?"


def test_files_come_only_from_servers_that_the_deployment_trusts(make_world):
    alice = make_world(remote_hosts="*.cern.ch, xrootd.infn.it").person()
    alice.upload({**FOLDER, "files.txt": "root://eospublic.cern.ch//a.root", "labels.txt": "1"})
    good = alice.submit()
    alice.upload({**FOLDER, "files.txt": "https://169.254.169.254/latest", "labels.txt": "1"})
    bad = alice.submit()

    assert (good.status_code, bad.status_code) == (200, 403)
    assert "169.254.169.254" in bad.json["error"]["message"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def model(idim:\n", "line 1"),
        ("x = 1\n\n  y = 2", "line 3"),
        ("def modell(idim): pass", "model"),
        ("", "model"),
        ("\0", "line"),
    ],
)
def test_a_model_that_is_no_python_or_has_no_model_is_refused(alice, code, words):
    error = refused(alice, {"model.py": code})

    assert error["file"] == "model.py"
    assert words in error["message"]


def test_a_model_file_that_is_no_text_is_refused(alice):
    assert "UTF-8" in refused(alice, {"model.py": b"\xff\xfe\x00"})["message"]


def test_model_may_be_imported_or_assigned(alice):
    alice.upload({**FOLDER, "model.py": "from nets import deep as model"})

    assert alice.submit().status_code == 200


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ("{", "JSON"),
        ("[]", "object"),
        ('{"epochs": "ten"}', "epochs"),
        ('{"epochs": 0}', "epochs"),
        ('{"split": 1.5}', "split"),
        ('{"epoch": 3}', "epoch"),
        ('{"shuffle": "yes"}', "shuffle"),
    ],
)
def test_params_with_wrong_types_or_typos_are_refused(alice, params, words):
    error = refused(alice, {"params.json": params})

    assert error["file"] == "params.json"
    assert words in error["message"]


def test_labels_that_do_not_match_the_files_are_refused(alice):
    error = refused(alice, {"labels.txt": "1\n0\n1\n"})

    assert error["file"] == "labels.txt"
    assert "3 labels" in error["message"]


@pytest.mark.parametrize(
    ("keys", "used"), [({}, True), ({"preproc": ""}, False), ({"preproc": "preproc.json"}, True)]
)
def test_preproc_json_is_used_unless_the_submission_says_not_to(alice, world, keys, used):
    text = '{"flat_cut": {"pt": {"cut": "pt>=50", "remove": "False"}}}'
    alice.upload({**FOLDER, "preproc.json": text})
    run = alice.submit(**keys).json["process_name"]

    request = runs.request_of(runs.find(alice.owner, run, world.services), world.services)

    assert request.preproc == (text if used else "")


def test_a_preproc_that_cannot_be_parsed_is_refused(alice):
    error = refused(
        alice,
        {"preproc.json": '{"new_branch": {"a": {"def": "__import__(1)"}}}'},
        preproc="preproc.json",
    )

    assert error["file"] == "preproc.json"


def test_a_key_of_the_submission_that_is_unknown_names_the_nearest(alice):
    error = refused(alice, memroy="3gb")

    assert error["hint"] == "did you mean 'memory'?"


@pytest.mark.parametrize("body", ["", "nothing", "[]", '{"name": 3}', '{"name": "a", "name": "b"}'])
def test_a_body_that_is_no_submission_is_refused(alice, body):
    assert alice.post("/submit", data=body).status_code == 400


def test_a_body_of_megabytes_is_refused(alice):
    assert alice.post("/submit", data=b" " * 5_000_000).status_code == 413


def test_a_gpu_is_refused_where_there_is_none(alice):
    error = refused(alice, None, 409, device="gpu")

    assert "GPU" in error["message"]


def test_a_gpu_is_taken_where_there_is_one(make_world):
    alice = make_world(gpu=1).person()
    alice.upload(FOLDER)

    assert alice.submit(device="gpu").status_code == 200


def test_an_owner_has_so_many_unfinished_runs(make_world):
    world = make_world(max_runs=1)
    alice, bob = world.person("alice"), world.person("bob")
    for person in (alice, bob):
        person.upload(FOLDER)
        assert person.submit().status_code == 200

    response = alice.submit()
    assert response.status_code == 429
    assert "luca_1" in response.json["error"]["hint"]
    assert int(response.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("asked", "setting"),
    [
        ({"memory": "999999999gb"}, "MLAAS_MAX_MEMORY"),
        ({"memory": "17gb"}, "MLAAS_MAX_MEMORY"),
        ({"cpus": 17}, "MLAAS_MAX_CPUS"),
    ],
)
def test_nobody_asks_for_more_than_a_training_gets_here(alice, asked, setting):
    error = refused(alice, **asked)

    assert next(iter(asked)) in error["message"]
    assert setting in error["hint"]


def test_a_gpu_is_refused_where_trainings_are_confined_from_it(world):
    limits = replace(world.app.extensions["context"].limits, has_gpu=True, sandbox="required")
    wanted = parse_submission(b'{"name": "luca", "device": "gpu"}')

    with pytest.raises(ConflictError, match="MLAAS_SANDBOX=required"):
        submit.prepare(wanted, None, world.services, limits)
