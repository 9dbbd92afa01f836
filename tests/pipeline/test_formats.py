"""One run reads files of all formats, and files that lack branches, as if they were alike."""

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.testing import pipeline
from tests.formats import SAMPLES, arrays

ROOT = next(sample for sample in SAMPLES if sample.name == "ttree")
CUT = '{"new_branch": {"s": {"type": "flat", "def": "x+f", "cut_1": "s>-1"}}}'


def _made(folder, samples, *, rows, **request):
    """Return specs and chunks of a run over one file of each sample, all with other entries."""
    folder.mkdir()
    files = []
    for number, sample in enumerate(samples):
        path = folder / f"{number}{sample.suffix}"
        sample.write(path, arrays(300 + number, rows=rows))
        files.append(str(path))
    services = pipeline.make_services(range_entries=100)
    done = pipeline.run(services, files, tree="Events", chunk_size=150, **request)
    assert done.problem is None
    return pipeline.specs_of(services, done), pipeline.chunks_of(
        services, done, done.chunks.total or 0
    )


@pytest.mark.parametrize("rows", [True, False])
@pytest.mark.parametrize("preproc", ["", CUT])
def test_a_run_may_mix_formats(tmp_path, rows, preproc):
    samples = [sample for sample in SAMPLES if sample.rows or not rows]
    wanted = {"rows": rows, "preproc": preproc, "exclude_branches": ("n[JK]",)}

    specs, chunks = _made(tmp_path / "mixed", samples, **wanted)
    same_specs, same_chunks = _made(tmp_path / "root", [ROOT] * len(samples), **wanted)

    assert specs.branches == same_specs.branches
    assert len(chunks) == len(same_chunks)
    for one, other in zip(chunks, same_chunks, strict=True):
        assert np.array_equal(one.x, other.x)
        assert np.array_equal(one.mask, other.mask)
        assert np.array_equal(one.y, other.y)


@pytest.mark.parametrize("policy", ["common", "fill"])
def test_branches_that_a_file_lacks_are_left_out_or_filled(tmp_path, policy):
    full, part = tmp_path / "a.root", tmp_path / "b.root"
    jagged = ak.Array([[1.0, 2.0], [3.0], []])
    ROOT.write(full, {"x": np.array([1.0, 2, 3]), "z": np.array([0.0, 5, 10]), "J": jagged})
    ROOT.write(part, {"x": np.array([4.0, 5])})
    services = pipeline.make_services()

    done = pipeline.run(
        services,
        [full, part],
        tree="Events",
        labels=Labels(values=(1.0, 0.0)),
        exclude_branches=("nJ",),
        missing_branches=policy,
        chunk_size=-1,
    )

    assert done.problem is None
    (chunk,) = pipeline.chunks_of(services, done, 1)
    assert chunk.y.tolist() == [1, 1, 1, 0, 0]
    assert chunk.x[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]
    if policy == "fill":
        assert chunk.mask[3:, 1:].all()
        assert chunk.x[:3, 1].tolist() == [0, 0.5, 1]
    else:
        assert chunk.x.shape == (5, 1)


MEMBERS = {"Muon_pt": [[50.0, 20.0], [], [30.0]], "Muon_iso": [[0.5, 0.1], [], [0.2]]}
OBJECTS = """{
    "collections": {"Muon": {"where": "Muon_pt > 25", "sort_by": "Muon_pt", "top": 1}},
    "new_branch": {
        "objects": {"type": "flat", "def": "count(Muon_iso)"},
        "isolated": {"type": "flat", "def": "count(Muon_pt[Muon_iso < 1])"},
        "flagged": {"type": "flat", "def": "count(Muon_pt[Muon_tight])"},
        "product": {"type": "flat", "def": "fill(sum(Muon_iso * Muon_pt), -1)"}
    }
}"""


def _without_members(folder, write):
    """Return a file with all members of a collection, and one that lacks two of them."""
    full, part = folder / "full", folder / "part"
    pt, iso = (ak.values_astype(ak.Array(rows), "float64") for rows in MEMBERS.values())
    write(full, {"Muon_pt": pt, "Muon_iso": iso, "Muon_tight": ak.values_astype(pt > 40, "int8")})
    write(part, {"Muon_pt": pt})
    return full, part


def _write_counted(path, rows):
    with uproot.recreate(path) as file:
        tree = file.mktree(
            "Events",
            {name: f"var * {values.layout.content.dtype}" for name, values in rows.items()},
            counter_name=lambda _branch: "nMuon",
        )
        tree.extend(rows)


def test_a_member_that_a_file_lacks_is_missing_for_each_object(tmp_path):
    services = pipeline.make_services()

    done = pipeline.run(
        services,
        _without_members(tmp_path, _write_counted),
        tree="Events",
        labels=Labels(values=(0.0, 1.0)),
        preproc=OBJECTS,
        selected_branches=("Muon_pt",),
        missing_branches="fill",
        chunk_size=-1,
    )

    assert done.problem is None
    (chunk,) = pipeline.chunks_of(services, done, 1)
    flagged, isolated, objects, product, pt = chunk.x.T
    assert objects.tolist() == [1, 0, 1, 1, 0, 1]
    assert isolated.tolist() == [1, 0, 1, 0, 0, 0]
    assert flagged.tolist() == [1, 0, 0, 0, 0, 0]
    assert pt.tolist() == [1, 0, 0, 1, 0, 0]
    assert np.allclose(product * 26 - 1, [25, 0, 6, -1, 0, -1])


def test_a_member_of_which_nobody_knows_how_long_its_rows_are_is_refused_before_reading(tmp_path):
    files = _without_members(
        tmp_path, lambda path, rows: pq.write_table(pa.table(dict(rows)), path)
    )
    services = pipeline.make_services()

    done = pipeline.run(
        services,
        files,
        tree="Events",
        labels=Labels(values=(0.0, 1.0)),
        preproc=OBJECTS,
        missing_branches="fill",
    )

    assert done.problem is not None
    assert (done.problem.file, done.problem.branch) == ("part", "Muon_iso")
    assert "Muon_iso, Muon_tight, and it is not known how long" in done.problem.message
    assert services.source.reads == 0


def test_a_run_may_go_on_without_files_that_cannot_be_opened(tmp_path):
    good, bad = tmp_path / "a.root", tmp_path / "b.root"
    ROOT.write(good, {"x": np.array([1.0, 2, 3])})
    bad.write_bytes(b"nothing of the kind" * 100)
    files, labels = [bad, good, tmp_path / "none.root"], Labels(values=(0.0, 1.0, 2.0))
    wanted = {"tree": "Events", "labels": labels, "chunk_size": -1}
    services = pipeline.make_services()

    done = pipeline.run(services, files, on_bad_file="skip", **wanted)
    failed = pipeline.run(services, files, number=2, **wanted)

    assert done.problem is None
    assert "2 of 3 files" in done.warnings[-1]
    assert "b.root" in done.warnings[-1]
    assert "none.root" in done.warnings[-1]
    (chunk,) = pipeline.chunks_of(services, done, 1)
    assert (chunk.x[:, 0].tolist(), chunk.y.tolist()) == ([0, 0.5, 1], [1, 1, 1])
    assert failed.problem is not None
    assert failed.problem.file == "b.root"


def test_a_run_may_go_on_without_a_file_whose_damage_shows_while_it_is_read(tmp_path):
    good, bad = tmp_path / "good.root", tmp_path / "bad.root"
    ROOT.write(good, {"x": np.array([1.0, 2, 3])})
    ROOT.write(bad, {"x": np.linspace(7.0, 8.0, 1000)})
    with uproot.open(bad) as file:
        at = file["Events"]["x"].member("fBasketSeek")[0]
    data = bytearray(bad.read_bytes())
    data[at + 80 : at + 400] = bytes(320)
    bad.write_bytes(data)
    services = pipeline.make_services(range_entries=100)
    wanted = {"tree": "Events", "labels": Labels(values=(0.0, 1.0)), "chunk_size": -1}

    done = pipeline.run(services, [bad, good], on_bad_file="skip", **wanted)
    failed = pipeline.run(services, [bad, good], number=2, **wanted)

    assert failed.problem is not None
    assert (failed.problem.file, done.problem, done.attempt) == ("bad.root", None, 2)
    assert [(each.file, each.entries) for each in done.skipped] == [("bad.root", 1000)]
    assert "bad.root" in done.warnings[-1]
    (chunk,) = pipeline.chunks_of(services, done, 1)
    assert (chunk.x[:, 0].tolist(), chunk.y.tolist()) == ([0, 0.5, 1], [1, 1, 1])


def test_a_run_without_any_good_file_fails(tmp_path):
    services = pipeline.make_services()

    done = pipeline.run(services, [tmp_path / "none.root"], on_bad_file="skip")

    assert done.problem is not None
    assert "no such file" in done.problem.message
