"""Scores of ROOT files: through the door, in entry order, the same as predictions one by one."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from mlaas4hep.core import wire
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.entries.byentry import columns
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.runs.events import RangeToScore
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from mlaas4hep.usecases.storekeeping.fsck import fsck
from tests.people import FOLDER, World

MODEL = """
import keras

def model(idim):
    net = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")])
    net.compile(loss="binary_crossentropy")
    return net
"""
PREPROC = '{"flat_cut": {"pt": {"cut": "pt>=0", "remove": "False"}}}'


def root_file(path, first, entries=50, eta="eta"):
    pt = np.arange(first, first + entries, dtype=np.float32)
    with uproot.recreate(path) as file:
        file["events"] = {"runNo": np.arange(entries, dtype=np.int32), "pt": pt, eta: pt / 7}
    return path.read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a world in which alice has trained luca_1, and uploaded files to score."""
    folder = tmp_path_factory.mktemp("scoring")
    world = World(folder, range_entries=20)
    alice = world.person()
    alice.upload(
        {
            **FOLDER,
            "files.txt": "a.root\nb.root",
            "model.py": MODEL,
            "params.json": '{"branch": "events", "identifier": ["runNo"], "epochs": 1}',
            "preproc.json": PREPROC,
            "a.root": root_file(folder / "a.root", 0),
            "b.root": root_file(folder / "b.root", 10),
        }
    )
    alice.submit(preproc="preproc.json")
    alice.upload(
        {
            "c.root": root_file(folder / "c.root", -5),
            "d.root": root_file(folder / "d.root", 30),
            "bad.root": b"no ROOT file",
            "other.root": root_file(folder / "e.root", 0, eta="etta"),
        },
        name="new",
    )
    drain(world.services, table.steps())
    assert alice.get("/runs/luca_1").json["problem"] is None
    return world


@pytest.fixture
def alice(trained):
    return trained.person()


def scored(trained, alice, deliveries=1, **request):
    """Ask for scores, do all the work, and return the run as it is shown."""
    response = alice.post("/score", json={"model": "luca_1", "upload": "new", **request})
    assert response.status_code == 201, response.text
    drain(trained.services, table.steps(), deliveries)
    return alice.get(f"/runs/{response.json['name']}").json


def expected(trained, alice, pt):
    """Return what the network says to these entries, each transformed as an entry of its own."""
    record = trained.services.models
    (key,) = [i.key for i in record.list(f"{alice.owner}/luca_1/") if i.key.endswith("ract.json")]
    transform = Transform.of(wire.load(Contract, record.get(key)))
    rows = [{"pt": float(value), "eta": float(value / 7)} for value in pt]
    return transform.prepare(columns(transform.schema, rows)).passed


@pytest.mark.parametrize("deliveries", [1, 3])
def test_every_entry_has_a_row_in_order_with_identifiers_and_flags(trained, alice, deliveries):
    run = scored(trained, alice, deliveries, files=["c.root", "d.root"])
    table = pq.read_table(io.BytesIO(alice.get(f"/runs/{run['name']}/scores").data)).to_pydict()

    assert (run["status"], run["stages"][0]["done"]) == ("done", 4)
    assert run["metrics"] == {"entries": 100, "passed": 95, "outside": 20, "truncated": 0}
    assert table["file"] == [0] * 50 + [1] * 50
    assert table["entry"] == [*range(50), *range(50)]
    assert table["runNo"] == [*range(50), *range(50)]
    pt = np.r_[np.arange(-5, 45), np.arange(30, 80)]
    assert table["passed"] == expected(trained, alice, pt).tolist()
    assert [value > 0 for value in table["outside"]] == (pt > 59).tolist()
    assert np.isnan(table["score"]).tolist() == (pt < 0).tolist()
    good = np.array(table["score"])[pt >= 0]
    assert ((good > 0) & (good < 1)).all()


def test_a_root_file_is_a_friend_tree(trained, alice):
    run = scored(trained, alice, files=["d.root"], format="root")
    response = alice.get(f"/runs/{run['name']}/scores")

    assert response.content_length == len(response.data)

    assert response.headers["Content-Disposition"].endswith('.root"')
    tree = uproot.open(io.BytesIO(response.data))["scores"]
    assert tree.num_entries == 50
    assert tree["entry"].array(library="np").tolist() == [*range(50)]


def test_a_file_that_cannot_be_scored_fails_with_file_and_branch(trained, alice):
    broken = scored(trained, alice, files=["d.root", "bad.root"])
    other = scored(trained, alice, files=["other.root"])

    assert (broken["status"], broken["problem"]["file"]) == ("failed", "bad.root")
    assert broken["stages"][0]["state"] == "failed"
    assert (other["problem"]["file"], other["problem"]["branch"]) == ("other.root", "eta")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"model": "nix", "files": ["root://server//a.root"]}, 404),
        ({"model": "luca_1", "files": []}, 400),
        ({"model": "luca_1", "files": ["/etc/passwd"]}, 400),
        ({"model": "luca_1", "files": ["c.root"]}, 400),
        ({"model": "luca_1", "files": ["c.rot"], "upload": "new"}, 400),
        ({"model": "luca_1", "files": ["root://server//a.root"], "format": "docx"}, 400),
        ({"model": "luca_1", "file": "c.root"}, 400),
        ({"model": 3, "files": "c.root"}, 400),
    ],
)
def test_what_cannot_be_scored_is_refused_at_the_door(alice, request_, status):
    response = alice.post("/score", json=request_)

    assert response.status_code == status
    assert response.json["error"]["message"]


def test_scores_are_there_when_the_run_is_done_and_only_for_its_owner(trained, alice):
    name = alice.post(
        "/score", json={"model": "luca_1", "upload": "new", "files": ["d.root"]}
    ).json["name"]

    assert alice.get(f"/runs/{name}/scores").status_code == 409
    assert alice.get("/runs/luca_1/scores").status_code == 409
    assert trained.person("bob").get(f"/runs/{name}/scores").status_code == 404
    alice.post(f"/runs/{name}/cancel")
    assert alice.post(f"/runs/{name}/restart").json["status"] == "submitted"
    drain(trained.services, table.steps())
    assert alice.get(f"/runs/{name}").json["status"] == "done"
    assert "scores by luca_1" in alice.get(f"/runs/{name}/logs").text
    assert alice.get(f"/runs/{name}/manifest").status_code == 409


def test_a_shared_model_scores_the_files_of_others(trained, alice):
    bob = trained.person("bob")
    bob.upload({"d.root": root_file(trained.state / "f.root", 0)}, name="mine")
    asked = {"model": "luca_1", "owner": alice.owner, "upload": "mine", "files": ["d.root"]}
    before = bob.post("/score", json=asked).status_code
    alice.call("PUT", "/models/luca_1/sharing", json={"public": True})

    name = bob.post("/score", json=asked).json["name"]
    drain(trained.services, table.steps())

    assert before == 404
    assert bob.get(f"/runs/{name}").json["status"] == "done"


def harmed(trained, harm):
    """Return the steps, of which the last range's begins with a harm to something stored."""
    reactions = dict(table.steps())
    score = reactions[RangeToScore]

    def harmful(event, services):
        if services.runs.get(event.owner, event.run).ranges.done == 3:
            harm(f"{event.owner}/{event.run}/")
        return score(event, services)

    return {**reactions, RangeToScore: harmful}


def flip(store, key):
    content = bytearray(store.get(key))
    content[len(content) // 2] ^= 1
    store.put(key, bytes(content))


def swap(store, key):
    (other, *_) = [i.key for i in store.list(key.rpartition("/")[0]) if i.key != key]
    store.put(key, store.get(other))


def remove(store, key):
    store.delete(key)


@pytest.mark.parametrize("harm", [flip, remove, swap])
@pytest.mark.parametrize("file", ["parts-1/", "scoring-1.json"])
def test_what_is_lost_of_a_scoring_is_made_again(trained, alice, harm, file):
    store = trained.services.runs_files
    asked = {"model": "luca_1", "upload": "new", "files": ["c.root", "d.root"], "format": "csv"}
    whole, broken = (alice.post("/score", json=asked).json["name"] for _ in range(2))
    reactions = harmed(
        trained,
        lambda run: broken in run and harm(store, next(iter(store.list(f"{run}{file}"))).key),
    )

    drain(trained.services, reactions)

    for run in (whole, broken):
        assert alice.get(f"/runs/{run}").json["status"] == "done"
    tables = [alice.get(f"/runs/{run}/scores").data for run in (whole, broken)]
    assert tables[0] == tables[1]
    assert len(tables[0].splitlines()) == 101


@pytest.mark.parametrize("file", ["contract.json", "model.tflite"])
@pytest.mark.parametrize("harm", [flip, remove])
def test_a_damaged_model_scores_nothing(trained, alice, file, harm):
    models = trained.services.models
    (key,) = [i.key for i in models.list(f"{alice.owner}/luca_1/") if i.key.endswith(f"/{file}")]
    whole = models.get(key)
    asked = {"model": "luca_1", "upload": "new", "files": ["c.root"]}
    name = alice.post("/score", json=asked).json["name"]

    harm(models, key)
    drain(trained.services, table.steps())
    models.put(key, whole)

    problem = alice.get(f"/runs/{name}").json["problem"]
    assert (problem["code"], problem["file"]) == ("damaged", file)
    assert "submit again the run that trained it" in problem["hint"]


@pytest.mark.parametrize("harm", [flip, remove])
def test_a_table_that_is_damaged_or_gone_is_not_given_away(trained, alice, harm):
    run = scored(trained, alice, files=["d.root"])["name"]
    whole = alice.get(f"/runs/{run}/scores").status_code
    store = trained.services.runs_files
    key = trained.services.runs.get(alice.owner, run).scores

    harm(store, key)

    refused = alice.get(f"/runs/{run}/scores")
    assert (whole, refused.status_code) == (200, 422 if harm is flip else 404)
    assert refused.json["error"]["hint"].startswith("ask for")
    found = [each for each in fsck(trained.services) if each.key == key]
    assert [each.kind for each in found] == ["damaged" if harm is flip else "missing"]


def test_a_table_that_a_delivery_wrote_before_it_died_goes(trained, alice):
    asked = {"model": "luca_1", "upload": "new", "files": ["d.root"]}
    run = alice.post("/score", json=asked).json["name"]
    store, left = trained.services.runs_files, f"{alice.owner}/{run}/scores-{'0' * 32}.parquet"
    store.put(left, b"half")

    drain(trained.services, table.steps())

    tables = [i.key for i in store.list(f"{alice.owner}/{run}/") if "/scores" in i.key]
    assert tables == [trained.services.runs.get(alice.owner, run).scores]
