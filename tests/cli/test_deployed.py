"""Commands against a deployment, over real HTTP."""

import pytest

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.scoring import ScoringRequest
from mlaas4hep.core.runs.events import RunFailed
from mlaas4hep.errors import Problem
from mlaas4hep.http.workflow.front import front
from mlaas4hep.laptop.state import State
from tests.asgi import serving
from tests.cli.conftest import OWNER, Awaited


def test_an_upload_is_called_as_its_file(cli, deployment, tarball):
    result = cli("upload", tarball, *deployment, "--json")

    assert result.json()["name"] == "luca"
    assert cli("tarballs", *deployment).out.splitlines()[1].startswith("luca ")


def test_a_folder_is_packed_without_what_is_hidden(cli, deployment, tmp_path):
    folder = tmp_path / "pia"
    (folder / "data").mkdir(parents=True)
    (folder / ".git").mkdir()
    for name in ("files.txt", "data/a.root", ".git/config", ".env"):
        (folder / name).write_text("x")

    result = cli("upload", folder, "--json", *deployment)
    sent = result.json()
    assert sent["name"] == "pia"
    assert [file["path"] for file in sent["files"]] == ["data/a.root", "files.txt"]


def test_submit_prints_the_name_and_nothing_else(cli, deployment, tarball):
    cli("upload", tarball, "--name", "pia", *deployment)
    result = cli("submit", "pia", *deployment)

    assert (result.code, result.out, result.err) == (0, "pia_1\n", "")


def test_a_refused_submission_is_1_with_file_and_hint(cli, deployment, tarball, submitted):
    result = cli("submit", "luca", "--model", "modell.py", *deployment)

    assert result.code == 1
    error, hint = result.err.splitlines()
    assert error.endswith("(stage submit, file modell.py)")
    assert hint == "hint: did you mean 'model.py'?"


def test_status_logs_and_lists(cli, deployment, submitted):
    assert cli("status", "luca_1", *deployment).out.startswith("luca_1 is submitted since ")
    assert cli("status", "luca_1", "--json", *deployment).json()["name"] == "luca_1"
    assert "submitted from luca" in cli("logs", "luca_1", *deployment).out
    heads, first = (line.split() for line in cli("runs", *deployment).out.splitlines())
    assert heads == ["run", "status", "quality", "framework", "submitted", "took", "title"]
    assert first[:2] == ["luca_1", "submitted"]
    assert cli("runs", "--status", "failed", "--json", *deployment).json()["total"] == 0


def test_cancel_restart_and_delete(cli, deployment, submitted):
    assert cli("cancel", "luca_1", *deployment).out == "luca_1 is cancelled\n"
    assert cli("restart", "luca_1", *deployment).out == "luca_1 is submitted\n"
    assert cli("delete", "luca_1", *deployment).code == 1
    cli("cancel", "luca_1", *deployment)
    assert cli("delete", "luca_1", *deployment).out == "run luca_1 is deleted\n"
    assert cli("delete", "luca", "--kind", "tarball", *deployment).code == 0


def test_models_are_listed_shared_fetched_and_deleted(cli, world, deployment, tmp_path):
    world.services.models.put(keys.model_file(OWNER, "luca_1", "v", "saved_model.pb"), b"pb")
    record = ModelRecord(
        owner=OWNER,
        name="luca_1",
        version="v",
        files=("saved_model.pb",),
        framework="keras",
        metrics=(("test_auc", 0.87),),
    )
    world.services.models.put(keys.model(OWNER, "luca_1"), wire.dump(record))
    out = tmp_path / "m.tar.gz"

    heads, line = cli("models", *deployment).out.splitlines()
    assert line.startswith("luca_1  yours  AUC 0.87  keras")
    assert heads.index("framework") == line.index("keras")
    shared = cli("share", "luca_1", "--group", "cms", *deployment)
    assert shared.out == "luca_1 may be used by cms\n"
    assert cli("model", "luca_1", "--out", out, *deployment).out == f"{out}\n"
    assert out.stat().st_size > 0
    assert cli("delete", "luca_1", "--kind", "model", *deployment).code == 0
    assert cli("models", *deployment).out == ""


def test_without_a_token_it_says_how_to_get_one(cli):
    result = cli("runs", "--url", "http://127.0.0.1:1")

    assert result.code == 2
    assert "MLAAS4HEP_TOKEN" in result.err
    assert "--state" in result.err


def test_a_link_leads_to_the_platform_that_runs_in_the_folder(cli, tmp_path):
    state = State(tmp_path / "state")
    state.folder("keys")
    found = {}
    for address in ("", "http://127.0.0.1:28080"):
        state.note_address(address)
        result = cli("link", "--user", "alice", "--state", state.root)
        found[address] = result.out.removeprefix("the page, signed in once: ").split("/login")[0]
        assert (f"no platform runs in {state.root}" in result.err) is (address == "")

    assert found == {
        "": "http://127.0.0.1:8080",
        "http://127.0.0.1:28080": "http://127.0.0.1:28080",
    }


def test_token_prints_a_token_and_nothing_else(cli, tmp_path):
    result = cli("token", "--user", "alice", "--state", tmp_path / "state", "--group", "cms")

    assert result.out.count(".") == 2
    assert result.out.strip().isprintable()
    assert result.err == ""


def test_score_uploads_files_of_this_machine_and_asks_for_scores(cli, world, tmp_path):
    local = tmp_path / "new.root"
    local.write_bytes(b"root")
    bundle = {"contract.json": wire.dump(CONTRACT), "model.tflite": b""}
    for path, content in bundle.items():
        world.services.models.put(keys.model_file(OWNER, "luca_1", "v", path), content)
    record = ModelRecord(owner=OWNER, name="luca_1", version="v", files=tuple(bundle))
    world.services.models.put(keys.model(OWNER, "luca_1"), wire.dump(record))
    problem = Problem(code="x", message="no tree")
    failing = RunFailed(owner=OWNER, run="luca_1_score_1", problem=problem)
    gateway = Awaited(front(world.app), lambda: world.services.runs.apply([failing]))

    with serving(gateway) as url:
        place = ("--url", url, "--token", world.token("alice"))
        result = cli("score", "luca_1", f"{local}:ana/Events", "root://server//b.root", *place)

    assert (result.code, result.err) == (1, "error: no tree\n")
    body = world.services.runs_files.get(keys.run(OWNER, "luca_1_score_1", "scoring.json"))
    files = wire.load(ScoringRequest, body).files
    assert files[0].tree == "ana/Events"
    urls = [file.url for file in files]
    assert urls[0].endswith("/files/new.root")
    assert urls[1] == "root://server//b.root"


def test_export_writes_a_folder_for_another_tool(cli, world, deployment, tmp_path):
    bundle = {"contract.json": wire.dump(CONTRACT), "model.onnx": b"onnx"}
    for path, content in bundle.items():
        world.services.models.put(keys.model_file(OWNER, "luca_1", "v", path), content)
    record = ModelRecord(owner=OWNER, name="luca_1", version="v", files=tuple(bundle))
    world.services.models.put(keys.model(OWNER, "luca_1"), wire.dump(record))

    written = cli("export", "luca_1", "--to", "mlflow", "--out", tmp_path / "out", *deployment)
    refused = cli("export", "luca_1", "--to", "keras", "--out", tmp_path / "no", *deployment)

    assert (written.code, written.err) == (0, "")
    assert {"MLmodel", "model.onnx"} <= {path.name for path in (tmp_path / "out").iterdir()}
    assert refused.code != 0
    assert "no model.keras" in refused.err


CONTRACT = Contract(
    model="luca_1", version="v", columns=(), specs=Specs(branches=(), ranges=()), identifiers=()
)


def test_usage_shows_what_is_used(cli, world, deployment, submitted):
    world.services.chunks.put(f"{OWNER}/d.chunk", bytes(1_240_000))

    said = cli("usage", *deployment)

    assert said.out.startswith("alice")
    assert "in chunks 1.2 MB" in " ".join(said.out.split())
    assert "unfinished runs 1 10" in " ".join(said.out.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("m",),
        ("--entries", "x.json"),
        ("m", "--entries", "x.json", "--input", "y.json"),
        ("m", "--model", ".", "--entries", "x.json"),
    ],
)
def test_predict_wants_one_model_and_one_question(cli, deployment, arguments):
    assert cli("predict", *arguments, *deployment).code == 2


@pytest.mark.parametrize("out", ["none/m.tar.gz", "."])
@pytest.mark.parametrize("command", [("model", "luca_1"), ("score", "luca_1", "a.root")])
def test_a_place_that_cannot_be_written_is_refused_before_anything_is_asked(
    cli, tmp_path, command, out
):
    nobody = ("--url", "http://127.0.0.1:9", "--token", "x")

    result = cli(*command, "--out", tmp_path / out, *nobody)

    assert result.code == 1
    assert str(tmp_path / out) in result.err
    assert "cannot be reached" not in result.err
