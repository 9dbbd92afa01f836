"""A model trained with `"missing_branches": "fill"` reads what lacks these branches, as its training did."""

import io

import awkward as ak
import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot

from mlaas4hep.core import wire
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.entries.byentry import columns
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline import table
from tests.acceptance.test_scoring import MODEL
from tests.people import FOLDER, World

PREPROC = """{
    "collections": {"Muon": {"where": "Muon_pt > 10", "sort_by": "Muon_pt", "top": 2}},
    "new_branch": {"objects": {"type": "flat", "def": "count(Muon_iso)"}}
}"""
PT = [[50.0, 20.0], [], [30.0, 5.0, 40.0]]
ISO = [[0.5, 0.1], [], [0.2, 0.9, 0.4]]
NO_ISO = [[float("nan")] * len(row) for row in PT]


def root_file(path, **branches):
    """Write one collection of muons with a counter, and flat branches; return the bytes."""
    arrays = {name: ak.values_astype(ak.Array(rows), "float64") for name, rows in branches.items()}
    kinds = {
        name: "float64" if each.ndim == 1 else "var * float64" for name, each in arrays.items()
    }
    with uproot.recreate(path) as file:
        tree = file.mktree("events", kinds, counter_name=lambda _branch: "nMuon")
        tree.extend(arrays)
    return path.read_bytes()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Return a world in which a model has learned from a file that lacks `met` and `Muon_iso`."""
    folder = tmp_path_factory.mktemp("filled")
    world, met = World(folder), [1.0, 2.0, 3.0]
    alice = world.person()
    alice.upload(
        {
            **FOLDER,
            "files.txt": "a.root\nb.root",
            "model.py": MODEL,
            "params.json": '{"branch": "events", "epochs": 1, "missing_branches": "fill"}',
            "preproc.json": PREPROC,
            "a.root": root_file(folder / "a.root", met=met, Muon_pt=PT, Muon_iso=ISO, n=met),
            "b.root": root_file(folder / "b.root", Muon_pt=PT, n=met),
        }
    )
    alice.submit(preproc="preproc.json")
    nan = [float("nan")] * 3
    alice.upload(
        {
            "nan.root": root_file(folder / "c.root", met=nan, Muon_pt=PT, Muon_iso=NO_ISO, n=met),
            "lacks.root": root_file(folder / "d.root", Muon_pt=PT, n=met),
            "other.root": root_file(folder / "e.root", Muon_iso=ISO, met=met, n=met),
        },
        name="new",
    )
    drain(world.services, table.steps())
    assert alice.get("/runs/luca_1").json["problem"] is None
    return world


def scored(world, files):
    alice = world.person()
    response = alice.post("/score", json={"model": "luca_1", "upload": "new", "files": files})
    assert response.status_code == 201, response.text
    drain(world.services, table.steps())
    run = alice.get(f"/runs/{response.json['name']}").json
    return run, alice.get(f"/runs/{run['name']}/scores")


def test_files_without_them_get_the_scores_of_files_with_nothing_there(trained):
    run, table_of_scores = scored(trained, ["nan.root", "lacks.root"])

    assert run["problem"] is None
    scores = pq.read_table(io.BytesIO(table_of_scores.data))["score"].to_numpy()
    assert np.isfinite(scores).all()
    assert scores[:3].tolist() == scores[3:].tolist()


def test_a_file_without_another_branch_is_refused(trained):
    run, _ = scored(trained, ["other.root"])

    assert run["problem"]["file"] == "other.root"
    assert run["problem"]["branch"] == "Muon_pt"


def test_raw_entries_without_them_become_the_rows_of_entries_with_nothing_there(trained):
    models, owner = trained.services.models, trained.person().owner
    (key,) = [i.key for i in models.list(f"{owner}/luca_1/") if i.key.endswith("ract.json")]
    contract = wire.load(Contract, models.get(key))
    transform = Transform.of(contract)
    entries = [
        {"Muon_pt": pt, "nMuon": len(pt), "n": n} for pt, n in zip(PT, [1.0, 2.0, 3.0], strict=True)
    ]
    full = [{**entry, "met": None, "Muon_iso": [None] * len(entry["Muon_pt"])} for entry in entries]

    found, expected = (
        transform.prepare(columns(transform.schema, each, transform.own_types)).x
        for each in (entries, full)
    )

    assert [gap.name for gap in contract.gaps] == ["Muon_iso", "met"]
    assert found.tolist() == expected.tolist()
    assert found[:, contract.columns.index("objects")].tolist() == [1.0, 0.0, 1.0]
