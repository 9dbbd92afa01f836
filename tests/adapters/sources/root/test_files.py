"""`DataFiles` on ROOT files: every kind of branch, every kind of broken file, and nothing stale."""

import os

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.errors import ForbiddenError
from tests import oracle
from tests.adapters.sources.root.reading import entries_read


def _expected(arrays, start, stop):
    return [
        {name: (list(v) if isinstance(v, list) else v) for name, v in entry.items()}
        for entry in ak.to_list(ak.Array(arrays)[start:stop])
    ]


KINDS = ["bool", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8"]
EXTREMES = {"b": [0, 1], "f": [0.5, -1e30, 1e30, np.inf]}


def _values(kind, count):
    dtype = np.dtype(kind)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.resize(np.array([info.min, info.max, 3], dtype), count)
    return np.resize(np.array(EXTREMES[dtype.kind], dtype), count)


@pytest.mark.parametrize("form", ["TTree", "RNTuple"])
def test_a_file_of_over_two_gigabytes_is_read(tmp_path, source, form):
    path = tmp_path / "a.root"
    arrays = {"x": np.arange(5.0), "J": ak.Array([[1.0], [], [2.0, 3.0], [4.0], []])}
    with uproot.recreate(path) as file:
        if form == "TTree":
            file.mktree("t", {"x": "float64", "J": "var * float64"}).extend(arrays)
        else:
            file.mkrntuple("t", arrays)
    os.truncate(path, 3 * 10**9)  # a hole, which takes no room on the disk

    assert entries_read(source, str(path), "t", ["x", "J"]) == _expected(arrays, 0, 5)


@pytest.mark.parametrize("width", [1, 2, 3])
def test_rows_of_arrays_are_read_as_uproot_writes_them(tmp_path, source, width):
    rows = [[[i * 10.0 + k + j / 4 for k in range(width)] for j in range(i % 4)] for i in range(20)]
    path = str(tmp_path / "a.root")
    with uproot.recreate(path) as file:
        file.mktree("t", {"x": f"var * {width} * float32"})
        for part in (rows[:7], rows[7:]):
            arrays = ak.to_regular(ak.Array(part), axis=2)
            file["t"].extend({"x": ak.values_astype(arrays, np.float32)})

    found = entries_read(source, path, "t", ["x"], 3, 18)

    flat = [[value for each in row for value in each] for row in rows]
    assert [entry["x"] for entry in found] == flat[3:18]


@pytest.mark.parametrize("kind", KINDS)
def test_every_width_is_read_flat_jagged_and_fixed(tmp_path, source, kind):
    flat = _values(kind, 7)
    jagged = ak.unflatten(_values(kind, 9), [0, 2, 0, 3, 1, 3, 0])
    fixed = _values(kind, 21).reshape(7, 3)
    path = oracle.write_tree(
        tmp_path / "a.root", "t", {"x": flat, "J": jagged, "F": fixed}, basket=3
    )

    info = source.describe(path, "t")
    entries = entries_read(source, path, "t", ["x", "J", "F"])

    assert {(b.name, b.dtype, b.jagged) for b in info.branches} == {
        ("x", np.dtype(kind).name, False),
        ("J", np.dtype(kind).name, True),
        ("nJ", "int32", False),
        ("F", np.dtype(kind).name, True),
    }
    assert entries == _expected({"x": flat, "J": jagged, "F": fixed}, 0, 7)


@pytest.mark.parametrize("name", ["x", "b", "u", "J", "fix", "Jet.pt", "Jet.n", "rec.p", "rec.q"])
def test_rntuples_areentries_read(tmp_path, source, name):
    arrays = {
        "x": np.arange(5, dtype=np.float32),
        "b": np.array([True, False, True, True, False]),
        "u": np.arange(5, dtype=np.uint64) + 2**63,
        "J": ak.Array([[1.0, 2], [], [3], [4, 5, 6], []]),
        "Jet": ak.Array([[{"pt": 1.0, "n": 1}], [], [{"pt": 2.0, "n": 2}], [], []]),
        "fix": np.arange(15, dtype=np.int32).reshape(5, 3),
        "rec": ak.Array([{"p": 1, "q": 2.0}] * 5),
        "s": ["a", "b", "c", "d", "e"],
        "vv": ak.Array([[[1]], [], [], [], [[2, 3]]]),
    }
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mkrntuple("Events", arrays)
    outer, _, inner = name.partition(".")
    values = ak.Array(arrays[outer])
    values = values[inner] if inner else values

    entries = entries_read(source, str(path), "Events", [name], 1, 4)

    assert entries == [{name: value} for value in ak.to_list(values[1:4])]
    assert source.describe(str(path), "Events").unreadable == ()


TREES = st.fixed_dictionaries(
    {
        "f": st.just(None),
        "counts": st.lists(st.integers(0, 4), min_size=1, max_size=40),
        "basket": st.integers(1, 15),
        "window": st.tuples(st.floats(0, 1), st.floats(0, 1)),
        "codec": st.sampled_from([None, uproot.ZLIB(1), uproot.LZMA(1), uproot.LZ4(1)]),
    }
)


@given(TREES)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_trees_are_read_as_written(tmp_path, store, tree):
    counts = tree["counts"]
    n, total = len(counts), sum(counts)
    rng = np.random.default_rng(n * 1000 + total)
    arrays = {
        "flat": rng.normal(size=n).astype(np.float32),
        "id": np.arange(n, dtype=np.int64),
        "Jet": ak.zip(
            {
                "pt": ak.unflatten(rng.normal(size=total), counts),
                "n": ak.unflatten(np.arange(total, dtype=np.int16), counts),
            }
        ),
    }
    path = oracle.write_tree(
        tmp_path / "a.root", "t", arrays, basket=tree["basket"], compression=tree["codec"]
    )
    start, stop = sorted(round(edge * n) for edge in tree["window"])

    entries = entries_read(
        DataFiles(store), path, "t", ["flat", "id", "Jet_pt", "Jet_n"], start, stop
    )

    expected = {
        "Jet_n": arrays["Jet"].n,
        "Jet_pt": arrays["Jet"].pt,
        "flat": arrays["flat"],
        "id": arrays["id"],
    }
    assert entries == _expected(expected, start, stop)


def test_text_is_flat(shared_data, source):
    info = source.describe(str(shared_data / "Zmumu.root"), "events")

    assert info.unreadable == ()
    assert [branch.name for branch in info.branches if branch.is_text] == ["Type"]
    assert len(info.branches) == 20


@pytest.mark.parametrize(
    ("file", "tree"),
    [
        ("HZZ.root", "events"),
        ("Zmumu.root", "events"),
        ("nanoAOD_2015_CMS_Open_Data_ttbar.root", "Events"),
        ("nano_dy.root", "Events"),
        ("nano_dimuon.root", "Events"),
    ],
)
def test_every_branch_of_real_files_is_what_uproot_reads(shared_data, source, file, tree):
    path = str(shared_data / file)
    info = source.describe(path, tree)
    names = [branch.name for branch in info.branches]
    start, stop = info.entries // 7, info.entries - info.entries // 9

    (block,) = source.read(source.survey(path, tree, names), names, start, stop)

    truth = uproot.open(path)[tree]
    for branch in info.branches:
        expected = truth[branch.name].array(entry_start=start, entry_stop=stop)
        if branch.jagged:
            rows = block.jagged[branch.name]
            np.testing.assert_array_equal(rows.counts, ak.num(expected))
            found, wanted = rows.content, ak.to_numpy(ak.flatten(expected))
        else:
            found, wanted = block.flat[branch.name], ak.to_numpy(expected)
        np.testing.assert_array_equal(found, wanted, err_msg=branch.name)
        if branch.is_text:
            continue
        assert found.dtype == wanted.dtype == np.dtype(branch.dtype)
        assert found.dtype.isnative


def test_branches_of_a_collection_share_their_offsets(shared_data, source):
    names = ["Muon_Px", "Muon_Py", "Jet_Px"]
    survey = source.survey(str(shared_data / "HZZ.root"), "events", names)

    (block,) = source.read(survey, names, 0, 100)

    assert block.jagged["Muon_Px"].offsets is block.jagged["Muon_Py"].offsets
    assert block.jagged["Muon_Px"].offsets is not block.jagged["Jet_Px"].offsets


def test_servers_that_are_not_allowed_are_not_asked(store):
    source = DataFiles(store, ServerPolicy(hosts=("*.cern.ch",)))

    for url in ("root://evil.example//a.root", "https://cern.ch.evil.example/a.root"):
        with pytest.raises(ForbiddenError, match="example"):
            source.describe(url, "Events")


def test_more_trees_than_are_kept_open_can_be_read_again(tmp_path, source):
    paths = [
        oracle.write_tree(tmp_path / f"{i}.root", "t", {"x": np.arange(i + 1.0)}) for i in range(20)
    ]

    for _ in range(2):
        assert [source.describe(path, "t").entries for path in paths] == list(range(1, 21))


def test_blocks_are_bounded_and_in_order(tmp_path, source):
    n = 250_000
    path = oracle.write_tree(
        tmp_path / "a.root",
        "t",
        {"x": np.arange(n, dtype=np.float64), "y": np.zeros(n, np.float32)},
        basket=10_000,
    )

    survey = source.survey(path, "t", ["x", "y"])
    blocks = [block.flat["x"] for block in source.read(survey, ["x", "y"], 5, n - 5)]

    assert max(map(len, blocks)) <= 110_000
    np.testing.assert_array_equal(np.concatenate(blocks), np.arange(5, n - 5))


def test_the_trees_of_a_file_are_named(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["events"] = {"pt": np.zeros(3, np.float32)}
        file["sub/other"] = {"pt": np.zeros(3, np.float32)}
        file["histogram"] = np.histogram([1.0])

    assert source.trees(str(path)) == ("events", "sub/other")
