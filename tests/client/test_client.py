"""The Python client against the real door, and against servers that say "later"."""

import base64
import gzip
import hashlib
import io
import json
import tarfile

import httpx
import pytest

from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunFailed
from mlaas4hep.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    Problem,
    QuotaError,
    ServiceUnavailableError,
    UnauthenticatedError,
)
from tests.people import FOLDER, World, behind_gateway, pack


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def connect(world, name="alice", **options):
    line = Connection(
        world.token(name) if name else "",
        transport=httpx.WSGITransport(behind_gateway(world.app)),
        **options,
    )
    return Client("http://door", connection=line)


@pytest.fixture
def client(world):
    with connect(world) as made:
        yield made


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


def test_a_download_that_fails_leaves_no_file(client, tmp_path):
    with pytest.raises(NotFoundError):
        client.download("nix", tmp_path / "m.tar.gz")

    assert list(tmp_path.glob("*m.tar.gz*")) == []


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


class Server:
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []

    def __call__(self, request):
        self.asked.append((request.method, request.read()))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def client(self, **options):
        self.pauses = []
        line = Connection(transport=httpx.MockTransport(self), pause=self.pauses.append, **options)
        return Client("http://door", connection=line)


USAGE = {
    "owner": "a",
    "name": "a",
    "groups": [],
    "is_admin": False,
    "bytes": {},
    "max_bytes": 1,
    "unfinished_runs": 0,
    "max_runs": 1,
    "max_models": 1,
    "max_upload_bytes": 1,
}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_is_busy_is_asked_again(status):
    server = Server(
        httpx.Response(status, headers={"Retry-After": "7"}),
        httpx.Response(status),
        httpx.Response(200, json=USAGE),
    )

    with server.client() as client:
        assert client.usage().name == "a"
    assert server.pauses == [7.0, 1.0]


def test_a_server_that_stays_busy_is_given_up():
    server = Server(*[httpx.Response(503) for _ in range(3)])

    with server.client(retries=2) as client, pytest.raises(ServiceUnavailableError):
        client.usage()
    assert len(server.asked) == 3


def test_what_may_have_been_done_is_not_done_twice():
    server = Server(httpx.Response(504))

    with server.client() as client, pytest.raises(ServiceUnavailableError):
        client.submit("luca")
    assert len(server.asked) == 1


def test_a_quota_is_not_asked_again():
    error = {"error": {"code": "quota_exceeded", "message": "full"}}
    server = Server(httpx.Response(429, json=error))

    with server.client() as client, pytest.raises(QuotaError, match="full"):
        client.submit("luca")


def test_an_upload_is_sent_again_from_its_beginning():
    server = Server(httpx.Response(503), httpx.Response(404, text="no such page"))

    with server.client() as client, pytest.raises(NotFoundError) as caught:
        client.upload(b"tarball", name="luca")
    assert [body for _, body in server.asked] == [b"tarball", b"tarball"]
    assert "answered 404: no such page" in str(caught.value)


def test_a_lost_connection_is_tried_again_where_that_does_no_harm():
    server = Server(httpx.ReadError("gone"), httpx.Response(200, json=USAGE))
    with server.client() as client:
        client.usage()

    server = Server(httpx.ReadError("gone"))
    with server.client() as client, pytest.raises(ServiceUnavailableError, match="gone"):
        client.submit("luca")


def test_nobody_there_is_told_with_the_address():
    server = Server(httpx.ConnectError("refused"), httpx.ConnectError("refused"))

    with server.client(retries=1) as client, pytest.raises(ServiceUnavailableError) as caught:
        client.submit("luca")
    assert "http://door/function/workflow/runs" in str(caught.value)


def test_a_folder_is_uploaded_without_what_is_hidden(client, tmp_path):
    folder = tmp_path / "luca"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "config").write_text("secret")
    for name, text in FOLDER.items():
        (folder / name).write_text(text)

    sent = client.upload(folder, name="luca")

    assert [file.path for file in sent.files] == sorted(FOLDER)


def predicting(*bodies):
    server = Server(*[httpx.Response(200, json=body) for body in bodies])
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
    server = Server(httpx.Response(400, json={"error": "no branch 'mett'", "problem": problem}))

    with server.client() as client, pytest.raises(InvalidRequestError) as caught:
        client.predict("m", entries=[{"mett": 1.0}])
    assert caught.value.problem.hint == "met?"


TARBALL = gzip.compress(b"bundle" * 1000, mtime=0)
DIGEST = base64.b64encode(hashlib.sha256(b"whole").digest()).decode()


@pytest.mark.parametrize(
    ("headers", "content", "said"),
    [
        ({"Content-Length": "5"}, b"who", "3 bytes came, 5 were announced"),
        ({"Content-Length": "2"}, b"who", "3 bytes came, 2 were announced"),
        ({"Repr-Digest": f"sha-256=:{DIGEST}:"}, b"whale", "another sha-256"),
        ({}, TARBALL[:10], "breaks off"),
        ({}, TARBALL[:-1], "breaks off"),
        ({}, b"", "nothing came"),
    ],
)
def test_a_download_that_breaks_off_is_tried_again_and_leaves_no_file(
    tmp_path, headers, content, said
):
    def answers():
        return httpx.Response(200, headers=headers, stream=Stream(content))

    server = Server(answers(), answers())
    with (
        server.client(retries=1) as client,
        pytest.raises(ServiceUnavailableError, match=said) as caught,
    ):
        client.download("m", tmp_path / "m.tar.gz")
    assert "broke off" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert server.pauses == [0.5]


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Length": "5", "Repr-Digest": f"sha-512=:AA==:, sha-256=:{DIGEST}:"}, b"whole"),
        ({}, TARBALL),
    ],
)
def test_a_download_that_is_whole_replaces_the_file(tmp_path, headers, content):
    (tmp_path / "m").write_bytes(b"old")
    server = Server(
        httpx.Response(503), httpx.Response(200, headers=headers, stream=Stream(content))
    )

    with server.client() as client:
        client.download("m", tmp_path / "m")

    assert (tmp_path / "m").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


class Stream(httpx.SyncByteStream):
    """A body as it comes over a line that says nothing more about it."""

    def __init__(self, content):
        self._content = content

    def __iter__(self):
        yield self._content


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
