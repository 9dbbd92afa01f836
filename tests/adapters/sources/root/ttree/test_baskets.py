"""Our own decoding gives the bits that uproot gives, or leaves the branch to uproot."""

import itertools
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.root.directory import keys_of
from mlaas4hep.adapters.sources.root.ttree.baskets import Decoder
from mlaas4hep.adapters.sources.root.ttree.leaves import leaves_of_stored
from mlaas4hep.adapters.sources.root.ttree.reading import read_tree
from tests import oracle

CODECS = {
    "none": None,
    "zlib-1": uproot.ZLIB(1),
    "zlib-9": uproot.ZLIB(9),
    "lzma": uproot.LZMA(1),
    "lz4": uproot.LZ4(1),
    "zstd": uproot.ZSTD(1),
}
REAL = [
    ("HZZ.root", "events"),
    ("Zmumu.root", "events"),
    ("nano_dy.root", "Events"),
    ("nano_dimuon.root", "Events"),
]


def _leaves(path, name):
    """Return the branches that we decode, found by our own reading of the tree's structure."""
    source = FileBytes.at(path)
    size = path.stat().st_size

    def read(start, stop):
        (answer,) = source.ask([(start, min(stop, size))])
        return bytes(answer())

    key = next(key for key in keys_of(read, size) if key.name == name)
    origins, unknown = leaves_of_stored(read_tree(key.content(read), key.key_bytes, key.class_name))
    found = {
        leaf.name: leaf.lies.baskets(leaf.name, leaf.collection, size)
        for leaf, *_ in origins
        if leaf.lies
    }
    return found | dict.fromkeys(unknown)


def _by_uproot(tree, name, start, stop):
    """Return a branch, or a member of one that holds objects."""
    branch, *members = [name] if name in tree else name.split(".")
    found = tree[branch].array(entry_start=start, entry_stop=stop)
    for member in members:
        found = found[member]
    return found


def _check(path, tree, leaves, windows):
    """Compare every branch with uproot, bit by bit, on consecutive windows."""
    decoder = Decoder(leaves.values(), FileBytes.at(path))
    for (start, stop), block in zip(windows, decoder.blocks(windows), strict=True):
        assert not decoder.unknown
        for name in leaves:
            expected = _by_uproot(tree, name, start, stop)
            if name in block.flat:
                found, wanted = block.flat[name], ak.to_numpy(expected)
            else:
                rows = block.jagged[name]
                np.testing.assert_array_equal(rows.counts, ak.num(expected), err_msg=name)
                found, wanted = rows.content, ak.to_numpy(ak.flatten(expected))
            assert found.dtype == wanted.dtype, name
            assert found.tobytes() == wanted.tobytes(), name


def _windows(entries, count=5):
    edges = sorted({0, entries, *(entries * i // count + i % 2 for i in range(1, count))})
    return list(itertools.pairwise(edge for edge in edges if edge <= entries))


@pytest.mark.parametrize(("file", "name"), REAL)
def test_every_branch_of_real_files_has_the_bits_of_uproot(shared_data, file, name):
    path = shared_data / file
    tree = uproot.open(path)[name]
    leaves = _leaves(path, tree.name)

    assert all(leaves.values())
    _check(path, tree, leaves, _windows(tree.num_entries))


def _arrays(n, total_of):
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 5, n)
    total = counts.sum()
    arrays = {f"x_{kind}": total_of(rng, n, kind) for kind in ("f4", "f8", "i2", "u8", "bool")}
    arrays["fixed"] = rng.integers(0, 9, (n, 4)).astype(np.int16)
    arrays["Jet"] = ak.zip(
        {
            kind: ak.unflatten(total_of(rng, total, kind), counts)
            for kind in ("f4", "i8", "u1", "bool")
        }
    )
    return arrays


def _noise(rng, n, kind):
    raw = rng.integers(0, 256, n * np.dtype(kind).itemsize, dtype=np.uint8)
    if kind == "bool":
        return raw > 100
    values = raw.view(kind)
    return np.where(np.isfinite(values), values, 1).astype(kind) if kind[0] == "f" else values


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("basket", [7, 1000])
def test_every_codec_has_the_bits_of_uproot(tmp_path, codec, basket):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", _arrays(501, _noise), basket=basket, compression=CODECS[codec])
    tree = uproot.open(path)["t"]
    leaves = _leaves(path, tree.name)

    assert all(leaves.values())
    _check(path, tree, leaves, _windows(501))


@pytest.mark.parametrize("codec", ["none", "zlib-1", "zstd", "lz4"])
def test_baskets_of_several_compressed_blocks_are_joined(tmp_path, codec):
    path = tmp_path / "a.root"
    values = np.arange(3_000_000, dtype=np.float64) // 7  # 24 MB: a block holds 16 MB
    oracle.write_tree(path, "t", {"x": values}, compression=CODECS[codec])
    tree = uproot.open(path)["t"]

    _check(path, tree, _leaves(path, "t"), [(0, 1_000_000), (1_000_000, 3_000_000)])


ODD = [
    ("uproot-small-evnt-tree-fullsplit.root", "tree"),
    ("uproot-HZZ-objects.root", "events"),
    ("uproot-issue38a.root", "ntupler/tree"),
    ("uproot-issue64.root", "events/events"),
    ("uproot-issue96.root", "tree"),
    ("uproot-issue63.root", "WtLoop_nominal"),
    ("uproot-foriter.root", "foriter"),
    ("uproot-sample-6.20.04-uncompressed.root", "sample"),
    ("uproot-sample-6.10.05-lz4.root", "sample"),
    ("uproot-sample-5.30.00-zlib.root", "sample"),
    ("uproot-Zmumu-lzma.root", "events"),
    ("uproot-small-flat-tree.root", "tree"),
]


@pytest.mark.parametrize(("file", "name"), ODD)
def test_files_of_many_versions_of_root_have_the_bits_of_uproot(file, name):
    data = pytest.importorskip("skhep_testdata", reason="carries the files")
    from pathlib import Path  # noqa: PLC0415

    path = Path(data.__file__).parent / "data" / file
    if not path.is_file():
        pytest.skip(f"this release of scikit_hep_testdata does not carry {file}")
    tree = uproot.open(path)[name]
    leaves = {each: leaf for each, leaf in _leaves(path, name).items() if leaf}

    assert leaves
    _check(path, tree, leaves, _windows(tree.num_entries, 3))


def test_rows_without_stored_offsets_are_told_by_their_counter():
    data = pytest.importorskip("skhep_testdata", reason="carries the file")
    from pathlib import Path  # noqa: PLC0415

    path = Path(data.__file__).parent / "data" / "uproot-small-dy-nooffsets.root"
    if not path.is_file():
        pytest.skip("this release of scikit_hep_testdata does not carry the file")
    tree = uproot.open(path)["tree"]
    decoder = Decoder(_leaves(path, "tree").values(), FileBytes.at(path))

    (block,) = decoder.blocks([(150, 501)])

    assert not decoder.unknown
    counts = tree["nJet"].array(library="np", entry_start=150)
    np.testing.assert_array_equal(block.jagged["Jet_pt"].counts, counts)
    np.testing.assert_array_equal(
        block.jagged["Muon_pt"].content,
        ak.to_numpy(ak.flatten(tree["Muon_pt"].array(entry_start=150))),
    )
    assert block.jagged["Jet_pt"].offsets is block.jagged["Jet_jetId"].offsets


def test_rows_are_shared_only_by_branches_of_which_all_rows_are_as_long(tmp_path):
    """Also where names, and with them the keys before the values, are not."""
    path = tmp_path / "a.root"
    lengths = [2, 0, 3, 1] * 5
    other = [2, 0, 2, 2] * 5  # as many values, in a basket as long
    rows = {
        name: ak.unflatten(np.arange(sum(counts), dtype=np.float32), counts)
        for name, counts in {"a": lengths, "b": lengths, "longer": lengths, "z": other}.items()
    }
    oracle.write_tree(path, "t", rows, basket=10)
    named = {name: each for name, each in _leaves(path, "t").items() if each.kind.jagged}
    leaves = [replace(each, collection="said to be one") for each in named.values()]

    (block,) = Decoder(leaves, FileBytes.at(path)).blocks([(0, 20)])

    assert block.jagged["a"].offsets is block.jagged["b"].offsets
    assert block.jagged["a"].offsets is block.jagged["longer"].offsets
    assert block.jagged["a"].counts.tolist() == lengths
    assert block.jagged["z"].counts.tolist() == other


def test_a_basket_is_fetched_once_by_consecutive_blocks(tmp_path):
    path = tmp_path / "a.root"
    oracle.write_tree(path, "t", {"x": np.arange(100.0)}, basket=40)
    fetched = []

    class _Asked:
        def ask(self, places):
            fetched.extend(places)
            return FileBytes.at(path).ask(places)

    decoder = Decoder(_leaves(path, "t").values(), _Asked())
    windows = [(start, start + 10) for start in range(0, 100, 10)]
    values = [block.flat["x"] for block in decoder.blocks(windows)]

    assert len(fetched) == len(set(fetched)) == 3
    np.testing.assert_array_equal(np.concatenate(values), np.arange(100.0))


def test_only_the_bytes_of_the_wanted_branches_are_read(tmp_path):
    path = tmp_path / "a.root"
    oracle.write_tree(
        path, "t", {f"b{i}": np.random.default_rng(i).normal(size=1000) for i in range(50)}
    )
    source = FileBytes.at(path)
    leaf = _leaves(path, "t")["b7"]

    list(Decoder([leaf], source).blocks([(0, 1000)]))

    assert source.size_bytes == sum(leaf.stops) - sum(leaf.starts)
    assert source.size_bytes < path.stat().st_size / 40
