"""MLaaS4HEP_server's clients, unchanged: its routes, its texts, and none of its defects."""

import base64
import hashlib
import io
import json
import tarfile

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.request import Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady, RunFailed
from mlaas4hep.errors import Problem
from tests.people import FOLDER


def apply(world, event, person, **fields):
    world.services.runs.apply([event(owner=person.owner, run="luca_1", **fields)])


def store_model(world, owner, name="luca_1", **fields):
    files = {"params.json": b"{}", "variables/variables.index": b"index", "saved_model.pb": b"pb"}
    for path, content in files.items():
        world.services.models.put(keys.model_file(owner, name, "v1", path), content)
    record = ModelRecord(owner=owner, name=name, version="v1", files=tuple(files), **fields)
    world.services.models.put(keys.model(owner, name), wire.dump(record))


@pytest.fixture
def submitted(alice):
    alice.upload()
    response = alice.submit()
    assert response.status_code == 200, response.text
    return response


def test_hello_needs_no_token(world):
    response = world.app.test_client().get("/hello")

    assert (response.status_code, response.text) == (200, "Hello World\n")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/upload?name=luca"),
        ("POST", "/submit"),
        ("GET", "/status_docker?process_name=luca_1"),
        ("GET", "/logs?process_name=luca_1"),
        ("GET", "/model?process_name=luca_1"),
        ("GET", "/delete_specs?name=luca"),
        ("GET", "/delete_folder?name=luca"),
        ("POST", "/setup_tfaas"),
        ("GET", "/runs"),
        ("DELETE", "/runs/luca_1"),
        ("GET", "/"),
        ("POST", "/"),
    ],
)
def test_everything_else_needs_one_deletes_by_get_too(world, method, path):
    response = world.app.test_client().open(path, method=method)

    assert response.status_code == 401
    assert response.json["error"]["code"] == "unauthenticated"
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_submission_is_answered_with_its_process_name_and_a_number(submitted):
    answer = json.loads(submitted.text)

    assert answer["process_name"] == "luca_1"
    assert isinstance(answer["job_id"], int)
    assert submitted.text.startswith('{\n "process_name": "luca_1",\n "job_id": ')


def test_numbers_go_up_and_are_not_used_again(alice, world, submitted):
    apply(world, RunFailed, alice, problem=Problem(code="x", message="x"))
    alice.call("DELETE", "/runs/luca_1")

    assert alice.submit().json["process_name"] == "luca_2"


def test_the_functions_are_told_after_everything_is_stored(alice, world, submitted):
    assert world.services.bus.published == [f"{alice.owner}/luca_1/1/run.submitted"]
    body = world.services.runs_files.get(keys.run(alice.owner, "luca_1", "request.json"))
    request = wire.load(Request, body)
    assert request.run == "luca_1"
    assert request.params.epochs == 3
    assert request.labels.values == (1.0, 0.0)
    assert [file.url for file in request.files] == [
        "root://server.example//store/a.root",
        "root://server.example//store/b.root",
    ]
    model = world.services.runs_files.get(keys.run(alice.owner, "luca_1", "model.py"))
    assert b"def model" in model


def test_the_content_type_may_be_missing(alice):
    alice.upload()
    body = json.dumps({"name": "luca"})

    curl = alice.post(
        "/submit", data=body, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert curl.json["process_name"] == "luca_1"
    assert alice.post("/submit", data=body).json["process_name"] == "luca_2"


def test_files_of_the_tarball_are_read_from_the_store(alice, world):
    files = {"files.txt": "in/a.root:sub/tree\n./b.root", "labels.txt": "1\n0", "in/a.root": b"1"}
    alice.upload({**FOLDER, **files, "b.root": b"2"})
    alice.submit()

    body = world.services.runs_files.get(keys.run(alice.owner, "luca_1", "request.json"))
    first, second = wire.load(Request, body).files
    assert (first.name, first.tree, second.tree) == ("in/a.root:sub/tree", "sub/tree", "events")
    assert world.services.tarballs.get(first.url.removeprefix("tarball:")) == b"1"
    assert world.services.tarballs.get(second.url.removeprefix("tarball:")) == b"2"


def test_bare_names_go_to_the_proxy_of_the_deployment(make_world):
    world = make_world(xrootd_proxy="root://proxy:1094")
    alice = world.person()
    alice.upload({**FOLDER, "files.txt": "/store/a.root\n/store/b.root"})
    alice.submit()

    body = world.services.runs_files.get(keys.run(alice.owner, "luca_1", "request.json"))
    assert wire.load(Request, body).files[0].url == "root://proxy:1094//store/a.root"


def test_the_status_is_in_dockers_words(alice, world, submitted):
    world.now += 8

    answer = alice.get("/status_docker?process_name=luca_1").json
    assert (answer["process_name"], answer["status"]) == ("luca_1", "Up 8 seconds")
    assert answer["run"]["status"] == "submitted"


def test_a_failed_run_has_exited_with_1(alice, world, submitted):
    apply(world, RunFailed, alice, problem=Problem(code="x", message="the tree is gone"))

    answer = alice.get("/status_docker?process_name=luca_1").json
    assert answer["status"].startswith("Exited (1) ")
    assert answer["run"]["problem"]["message"] == "the tree is gone"


def test_the_log_is_a_file_that_says_what_happened(alice, world, submitted):
    world.services.runs_files.put(keys.run(alice.owner, "luca_1", "train.log"), b"Epoch 1/3\n")
    problem = Problem(code="invalid_request", message="no tree", stage="specs", file="a", hint="x?")
    apply(world, RunFailed, alice, problem=problem)

    response = alice.get("/logs?process_name=luca_1")
    assert response.headers["Content-Disposition"] == 'attachment; filename="luca_1.txt"'
    for words in ("submitted from luca", "epochs 3", "Epoch 1/3", "is failed", "no tree", "x?"):
        assert words in response.text


def test_the_model_comes_as_a_tarball_without_a_top_folder(alice, world, submitted):
    store_model(world, alice.owner)

    response = alice.get("/model?process_name=luca_1")
    digest = base64.b64encode(hashlib.sha256(response.data).digest()).decode()
    assert response.headers["Content-Disposition"] == 'attachment; filename="luca_1.tar.gz"'
    assert response.headers["Content-Length"] == str(len(response.data))
    assert response.headers["Repr-Digest"] == f"sha-256=:{digest}:"
    with tarfile.open(fileobj=io.BytesIO(response.data)) as tar:
        assert sorted(tar.getnames()) == [
            "params.json",
            "saved_model.pb",
            "variables/variables.index",
        ]
        assert tar.extractfile("variables/variables.index").read() == b"index"


def test_a_model_that_is_not_there_is_404(alice):
    assert alice.get("/model?process_name=luca_1").status_code == 404


def test_models_of_others_are_not_there_unless_shared(alice, world):
    store_model(world, alice.owner)
    bob = world.person("bob", groups=["physics"])
    path = f"/model?process_name=luca_1&owner={alice.owner}"
    before = bob.get(path).status_code

    alice.call("PUT", "/models/luca_1/sharing", json={"groups": ["physics"]})

    assert (before, bob.get(path).status_code) == (404, 200)
    assert bob.call("DELETE", f"/models/luca_1?owner={alice.owner}").status_code == 403


def test_deleting_specs_and_the_folder_answer_as_before(alice, world, submitted):
    apply(world, RunFailed, alice, problem=Problem(code="x", message="x"))
    world.services.specs.put(keys.specs(alice.owner, "abc"), b"{}")

    assert alice.get("/delete_specs?name=luca").text == "Specs deletion completed!\n"
    assert alice.get("/delete_folder?name=luca").text == "Folder deletion completed!\n"
    assert list(world.services.specs.list("")) == []
    assert list(world.services.tarballs.list("")) == []
    left = [info.key for info in world.services.runs_files.list("")]
    assert left == [files.number(alice.owner, "luca")]


def test_what_a_run_needs_is_not_deleted_under_it(alice, submitted):
    for path in ("/delete_specs?name=luca", "/delete_folder?name=luca"):
        response = alice.get(path)
        assert response.status_code == 409
        assert "luca_1" in response.json["error"]["message"]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "address",
    [
        *("/delete_folder?name=luca", "/delete_specs?name=luca"),
        *("/?action=delete_folder&name=luca", "/?%61ction=delete_tarball&name=luca"),
        "/?act%69on=cancel_run&name=luca_1",
    ],
)
def test_a_link_on_another_site_deletes_nothing(alice, submitted, method, address):
    alice.http.set_cookie("_oauth2_proxy", "t")

    assert alice.call(method, address).status_code == 403
    assert alice.get("/tarballs/luca").status_code == 200
    assert alice.get("/runs/luca_1").json["status"] == "submitted"


def test_models_stay_when_the_folder_goes(alice, world, submitted):
    store_model(world, alice.owner)
    apply(world, ModelReady, alice, model="luca_1", version="v1")

    alice.get("/delete_folder?name=luca")

    assert alice.get("/model?process_name=luca_1").status_code == 200


def test_every_model_is_served_by_itself_so_setup_has_nothing_to_do(alice):
    assert alice.post("/setup_tfaas").text == "TFaaS setup completed!\n"


def test_a_file_for_tfaas_is_refused_and_not_dropped_silently(alice):
    form = alice.post("/setup_tfaas", data={"file": (io.BytesIO(b"x"), "model.tar.gz")})
    raw = alice.post("/setup_tfaas", data=b"x", content_type="application/gzip")

    assert (form.status_code, raw.status_code) == (400, 400)
    assert "POST /upload" in form.json["error"]["hint"]


def test_the_input_json_of_the_ancestors_server_is_taken_as_it_is(alice):
    alice.upload()
    response = alice.submit(host_folder="/home/luca/work", cert_folder="/home/luca/certs", fout="m")

    assert response.json["process_name"] == "luca_1"


@pytest.mark.parametrize(
    ("path", "argument"),
    [
        ("/status_docker", "process_name"),
        ("/logs", "process_name"),
        ("/model", "process_name"),
        ("/delete_specs", "name"),
    ],
)
def test_a_missing_argument_is_400_and_an_unknown_name_404(alice, path, argument):
    without = alice.get(path)
    assert without.status_code == 400
    assert f"?{argument}=…" in without.json["error"]["hint"]
    assert alice.get(f"{path}?process_name=nix_1&name=nix").status_code == 404


def test_names_from_the_address_never_reach_a_shell_or_a_path(alice):
    for name in ("../../etc/passwd", "x;id", "$(id)", "`id`", "a%00b"):
        assert alice.get("/logs", query_string={"process_name": name}).status_code == 400
        assert alice.get("/delete_folder", query_string={"name": name}).status_code == 400


def test_an_address_that_is_none_is_404_with_an_error_object(alice):
    response = alice.get("/nothing/here")

    assert response.status_code == 404
    assert response.json["error"]["code"] == "not_found"
