"""The Python client against the real door, and against servers that say "later"."""

import hashlib
import io
import json
import tarfile

import httpx2
import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunFailed
from mlaas4hep.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    Problem,
    UnauthenticatedError,
)
from tests.client.doors import Server, connect
from tests.people import FOLDER, pack


def fail(world, owner, run="luca_1"):
    problem = Problem(code="x", message="no tree", stage="specs")
    world.services.runs.apply([RunFailed(owner=owner, run=run, problem=problem)])


def test_a_run_from_the_tarball_to_its_end(world, client, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    sent = []

    tarball = client.upload(path, name="luca", on_bytes=sent.append)
    report = client.submit("luca", title="first")
    fail(world, keys.owner("urn:mlaas4hep:laptop", "alice"))
    ended = client.wait("luca_1")

    assert tarball.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(sent) == path.stat().st_size
    assert (report.name, report.title, report.status) == ("luca_1", "first", "submitted")
    assert ended.problem.message == "no tree"
    assert [run.name for run in client.runs(status="failed").runs] == ["luca_1"]
    assert "submitted from luca" in client.logs("luca_1")


def test_a_large_tarball_is_streamed_where_nothing_else_is_offered(client, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    client.direct_bytes = 10

    assert client.upload(path, name="luca").name == "luca"


def test_what_people_do_with_runs(world, client):
    client.upload(pack(FOLDER), name="luca")
    client.submit("luca")

    assert client.cancel("luca_1").status == "cancelled"
    assert client.restart("luca_1").attempt == 2
    assert client.resubmit(client.manifest("luca_1")).name == "luca_2"
    assert client.compare("luca_1", "luca_2")["changed"] == {}
    client.cancel("luca_1")
    assert client.delete_run("luca_1").deleted == "luca_1"
    client.cancel("luca_2")
    assert client.delete_cache().deleted == 0
    assert client.delete_tarball("luca").deleted == "luca"
    assert client.tarballs() == ()
    assert client.usage().name == "alice"
    assert client.deployment().formats == client.usage().formats


def test_a_model_is_downloaded_shared_and_deleted(world, client, tmp_path):
    owner = keys.owner("urn:mlaas4hep:laptop", "alice")
    world.services.models.put(keys.model_file(owner, "luca_1", "v", "saved_model.pb"), b"pb")
    record = ModelRecord(owner=owner, name="luca_1", version="v", files=("saved_model.pb",))
    world.services.models.put(keys.model(owner, "luca_1"), wire.dump(record))
    bob = connect(world, "bob")

    with pytest.raises(NotFoundError):
        bob.model("luca_1", owner=owner)
    client.share("luca_1", public=True)
    assert bob.card("luca_1", owner=owner).model == "luca_1"
    got = bob.download("luca_1", tmp_path / "m.tar.gz", owner=owner)
    bob.close()

    with tarfile.open(fileobj=io.BytesIO(got.read_bytes())) as tar:
        assert tar.getnames() == ["saved_model.pb"]
    assert [path.name for path in tmp_path.glob("*m.tar.gz*")] == ["m.tar.gz"]
    assert client.delete_model("luca_1").deleted == "luca_1"
    assert client.models() == ()


def test_errors_come_as_ours_with_everything_that_was_said(client):
    client.upload(pack({**FOLDER, "params.json": '{"epoch": 1}'}), name="luca")

    with pytest.raises(InvalidRequestError) as caught:
        client.submit("luca")
    problem = caught.value.problem
    assert (problem.stage, problem.file) == ("submit", "params.json")
    assert problem.hint == "did you mean 'epochs'?"
    with pytest.raises(NotFoundError):
        client.run("luca_9")
    with pytest.raises(ConflictError):
        client.submit("luca", device="gpu")


def test_without_a_token_nobody_is_let_in(world):
    with connect(world, "") as nobody, pytest.raises(UnauthenticatedError):
        nobody.runs()


def test_a_folder_is_uploaded_without_what_is_hidden(client, tmp_path):
    folder = tmp_path / "luca"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("secret")
    for name, text in FOLDER.items():
        (folder / name).write_text(text)

    sent = client.upload(folder, name="luca")

    assert [file.path for file in sent.files] == sorted(FOLDER)


def predicting(*bodies):
    server = Server(*[httpx2.Response(200, json=body) for body in bodies])
    return server, server.client()


def answered(first, size, version="v1"):
    return {
        "model": "m",
        "version": version,
        "predictions": list(range(first, first + size)),
        "passed": [True] * size,
        "outside": [[]] * size,
        "truncated": [[]] * size,
        "identifiers": [{}] * size,
    }


def test_many_entries_go_in_several_calls_and_come_back_as_one():
    server, client = predicting(answered(0, 1000), answered(1000, 500))

    answer = client.predict("m", entries=[{"met": float(n)} for n in range(1500)])

    sizes = [len(json.loads(body)["entries"]) for _, body in server.asked]
    assert sizes == [1000, 500]
    assert answer == answered(0, 1500)


def test_a_model_that_changes_between_two_calls_is_no_one_answer():
    _, client = predicting(answered(0, 1000), answered(1000, 500, version="v2"))

    with pytest.raises(ConflictError, match="from version v1 to v2"):
        client.predict("m", entries=[{"met": 1.0}] * 1500)


def test_rows_and_shared_models_are_asked_for_by_name():
    server, client = predicting([[0.5]])

    assert client.predict("m", owner="bob", values=[[0.1]]) == [[0.5]]
    assert json.loads(server.asked[0][1]) == {"model": "bob/m", "values": [[0.1]]}
    with pytest.raises(InvalidRequestError):
        client.predict("m")


def test_a_hint_of_tfaas_answers_reaches_the_user():
    problem = {"code": "invalid_request", "message": "no branch 'mett'", "hint": "met?"}
    server = Server(httpx2.Response(400, json={"error": "no branch 'mett'", "problem": problem}))

    with server.client() as client, pytest.raises(InvalidRequestError) as caught:
        client.predict("m", entries=[{"mett": 1.0}])
    assert caught.value.problem.hint == "met?"


def test_what_a_page_draws_of_a_run_comes_as_plain_values(world, client, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    client.upload(path, name="luca")
    client.submit("luca")
    owner = keys.owner("urn:mlaas4hep:laptop", "alice")
    stored = {
        files.HISTORY: [{"loss": 0.5}, {"loss": None}],
        files.QUALITY: {"test": {"entries": 3}},
        files.CHECKS: {"importance": None},
        files.HISTOGRAMS: [{"branch": "pt"}],
        files.SAMPLE: {"pt": 3.5},
    }
    for name, value in stored.items():
        world.services.runs_files.put(files.key(owner, "luca_1", name), json.dumps(value).encode())

    assert client.history("luca_1") == stored[files.HISTORY]
    assert client.tensorboard("luca_1", tmp_path).parent == tmp_path / "luca_1"
    assert client.quality("luca_1") == stored[files.QUALITY]
    assert client.checks("luca_1") == stored[files.CHECKS]
    assert client.histograms("luca_1") == stored[files.HISTOGRAMS]
    assert client.cutflow("luca_1") == {"files": [], "entries": 0, "passed": 0, "cuts": []}
    with pytest.raises(ConflictError, match="not measured yet"):
        client.features("luca_1")
    with pytest.raises(NotFoundError, match="no model named 'luca_1'"):
        client.sample("luca_1")
