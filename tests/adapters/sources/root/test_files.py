"""`DataFiles` on ROOT files: every kind of branch, every kind of broken file, and nothing stale."""

import os
import shutil
from contextlib import ExitStack

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.root import header as rootheader
from mlaas4hep.adapters.sources.root import opening
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.core import wire
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.errors import ForbiddenError, InvalidRequestError, PermanentError
from tests import oracle


@pytest.fixture
def store():
    return MemoryStore(lambda: 0.0)


@pytest.fixture
def source(store):
    return DataFiles(store)


def _read(source, path, tree, names, start=0, stop=None):  # noqa: PLR0917
    stop = source.describe(path, tree).entries if stop is None else stop
    entries = []
    for block in source.read(source.survey(path, tree, names), names, start, stop):
        entries += oracle.entries_of(block)
    return entries


def _read_everything(source, path, tree):
    info = source.describe(path, tree)
    names = [branch.name for branch in info.branches]
    return list(source.read(source.survey(path, tree, names), names, 0, info.entries))


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


@pytest.mark.parametrize("kind", KINDS)
def test_every_width_is_read_flat_jagged_and_fixed(tmp_path, source, kind):
    flat = _values(kind, 7)
    jagged = ak.unflatten(_values(kind, 9), [0, 2, 0, 3, 1, 3, 0])
    fixed = _values(kind, 21).reshape(7, 3)
    path = oracle.write_tree(
        tmp_path / "a.root", "t", {"x": flat, "J": jagged, "F": fixed}, basket=3
    )

    info = source.describe(path, "t")
    entries = _read(source, path, "t", ["x", "J", "F"])

    assert {(b.name, b.dtype, b.jagged) for b in info.branches} == {
        ("x", np.dtype(kind).name, False),
        ("J", np.dtype(kind).name, True),
        ("nJ", "int32", False),
        ("F", np.dtype(kind).name, True),
    }
    assert entries == _expected({"x": flat, "J": jagged, "F": fixed}, 0, 7)


@pytest.mark.parametrize("name", ["x", "b", "u", "J", "fix", "Jet.pt", "Jet.n", "rec.p", "rec.q"])
def test_rntuples_are_read(tmp_path, source, name):
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

    entries = _read(source, str(path), "Events", [name], 1, 4)

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

    entries = _read(DataFiles(store), path, "t", ["flat", "id", "Jet_pt", "Jet_n"], start, stop)

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


def test_trees_in_folders_are_found_and_others_are_listed(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file.mktree("deep/down/events", {"x": "f4"})["x"]
        file["deep/down/events"].extend({"x": np.arange(3, dtype="f4")})
        file["other"] = np.histogram([1, 2, 3])

    assert source.describe(str(path), "deep/down/events").entries == 3
    with pytest.raises(InvalidRequestError, match="trees there are: deep/down/events"):
        source.describe(str(path), "events")


def test_of_several_cycles_of_a_tree_the_newest_is_read(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for count in (3, 4, 5):
            file["dir/t"] = {"x": np.arange(count)}

    assert source.describe(str(path), "dir/t").entries == 5


def test_a_file_without_trees_says_so(tmp_path, source):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["h"] = np.histogram([1, 2, 3])

    with pytest.raises(InvalidRequestError, match="trees there are: none"):
        source.describe(str(path), "Events")


@pytest.mark.parametrize("content", [b"", b"no", b"root", b"root" + bytes(1000), bytes(2000)])
def test_what_is_not_root_is_refused(tmp_path, source, content):
    path = tmp_path / "a.root"
    path.write_bytes(content)

    with pytest.raises(InvalidRequestError, match=r"a\.root"):
        source.describe(str(path), "Events")


def test_an_upload_that_brought_nothing_is_told_apart(tmp_path, source):
    (tmp_path / "a.root").touch()

    with pytest.raises(InvalidRequestError, match=r"a\.root' is empty") as caught:
        source.describe(str(tmp_path / "a.root"), "Events")

    assert caught.value.problem.hint == "copy the file again"


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_file_that_is_cut_short_is_refused(shared_data, tmp_path, source, share):
    whole = (shared_data / "HZZ.root").read_bytes()
    path = tmp_path / "a.root"
    path.write_bytes(whole[: int(len(whole) * share)])

    with pytest.raises(InvalidRequestError, match=r"cut short"):
        source.describe(str(path), "events")


@pytest.mark.parametrize("seed", range(6))
def test_damaged_baskets_are_refused_and_never_crash(shared_data, tmp_path, source, seed):
    rng = np.random.default_rng(seed)
    data = np.frombuffer((shared_data / "HZZ.root").read_bytes(), np.uint8).copy()
    places = rng.integers(1000, len(data) - 20_000, 3000)
    data[places] = rng.integers(0, 256, len(places))
    path = tmp_path / "a.root"
    path.write_bytes(data.tobytes())

    with pytest.raises(InvalidRequestError, match=r"a\.root"):
        _read_everything(source, str(path), "events")


def test_a_file_that_is_not_there_is_named(source, tmp_path):
    for url in (str(tmp_path / "none.root"), str(tmp_path), "tarball:o/f/1/files/none.root"):
        with pytest.raises(InvalidRequestError, match="no"):
            source.describe(url, "Events")


def test_a_branch_that_is_not_there_is_named_with_the_nearest(shared_data, source):
    with pytest.raises(InvalidRequestError, match="'Muon_px'") as caught:
        source.survey(str(shared_data / "HZZ.root"), "events", ["Muon_px"])

    assert "'Muon_Px'" in caught.value.problem.hint


def test_files_of_an_upload_are_read_from_the_bucket(shared_data, store, source):
    store.put_file("o/f/1/files/in/HZZ.root", shared_data / "HZZ.root")

    info = source.describe("tarball:o/f/1/files/in/HZZ.root", "events")

    assert info.entries == 2421
    with pytest.raises(InvalidRequestError, match=r"^'in/HZZ.root' has no tree"):
        source.describe("tarball:o/f/1/files/in/HZZ.root", "e")


def test_another_upload_of_the_same_file_is_the_same_content(shared_data, store, source):
    keys = ("o/f/1/files/HZZ.root", "o/f/2/files/HZZ.root")
    for key in keys:
        store.put_file(key, shared_data / "HZZ.root")

    one, other = (source.describe(f"tarball:{key}", "events").identity for key in keys)

    assert one == other


def test_a_file_that_is_replaced_is_read_again(tmp_path, source):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", {"x": np.arange(3.0)})
    first = source.describe(str(path), "t")
    oracle.write_tree(tmp_path / "b.root", "t", {"x": np.arange(4.0)})
    os.utime(tmp_path / "b.root", ns=(1, 1))
    shutil.move(tmp_path / "b.root", path)

    second = source.describe(str(path), "t")

    assert (first.entries, second.entries) == (3, 4)
    assert first.identity != second.identity
    assert _read(source, str(path), "t", ["x"])[-1] == {"x": 3.0}


def test_a_survey_is_all_that_another_process_needs(shared_data, tmp_path, source, store):
    whole = (shared_data / "HZZ.root").read_bytes()
    path = tmp_path / "a.root"
    path.write_bytes(whole)
    names = ["MET_px", "Muon_Px", "Jet_Px"]
    survey = source.survey(str(path), "events", names)
    expected = _read(source, str(path), "events", names)
    blank = bytearray(len(whole))
    blank[: rootheader.SIZE] = whole[: rootheader.SIZE]
    for branch in wire.load(RootLayout, survey.layout.encode()).baskets:
        for start, stop in zip(branch.starts, branch.stops, strict=True):
            blank[start:stop] = whole[start:stop]
    path.write_bytes(blank)  # a file that nobody can open any more

    blocks = DataFiles(store).read(wire.load(Survey, wire.dump(survey)), names, 0, 2421)

    assert [entry for block in blocks for entry in oracle.entries_of(block)] == expected


@pytest.mark.parametrize("entries", [3, 4])
def test_a_file_that_is_another_one_than_was_surveyed_is_refused(tmp_path, source, entries):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", {"x": np.arange(3.0)})
    survey = source.survey(str(path), "t", ["x"])
    oracle.write_tree(tmp_path / "b.root", "t", {"x": np.arange(float(entries))})
    shutil.move(tmp_path / "b.root", path)

    with pytest.raises(PermanentError, match=r"a\.root' changed since") as caught:
        list(source.read(survey, ["x"], 0, 3))

    assert "restart" in caught.value.problem.hint


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


def test_descriptions_of_classes_that_need_themselves_are_damage(tmp_path):
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(3.0)})
    with ExitStack() as stack:
        place = Locator(MemoryStore(lambda: 0.0), ServerPolicy()).locate(str(path))
        file = opening._file_of_uproot(place, stack).file
        assert file.streamers
        file._streamers = None  # as it is while they are read

        with pytest.raises(ValueError, match="need themselves"):
            _ = file.streamers
