"""Files of one production: the structure of the first is used again, the numbers are not."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.root.directory import keys_of
from mlaas4hep.adapters.sources.root.leaftable import ListedLeaves
from mlaas4hep.adapters.sources.root.stream import DamagedStreamError, UnknownStreamError
from mlaas4hep.adapters.sources.root.ttree.leaves import leaves_of_stored
from mlaas4hep.adapters.sources.root.ttree.production import Production
from mlaas4hep.adapters.sources.root.ttree.productions import Productions, regular_production
from mlaas4hep.adapters.sources.root.ttree.reading import read_tree
from tests import oracle


def written(path, entries, *, baskets=1, kind=np.float32, name="x", title="events"):
    """Write a tree with a flat branch, one with rows, and a fixed array."""
    with uproot.recreate(path) as file:
        file.mktree("t", {name: kind, "J": "var * float32", "a": (np.int32, (3,))}, title=title)
        for number in range(baskets):
            values = np.arange(entries) + 1000 * number
            file["t"].extend(
                {
                    name: values.astype(kind),
                    "J": ak.Array([[float(i)] * (i % 3) for i in values.tolist()]),
                    "a": np.repeat(values, 3).reshape(-1, 3).astype(np.int32),
                }
            )
    return path


def stored(path):
    """Return the bytes of the tree, and what is before them."""
    from contextlib import ExitStack  # noqa: PLC0415 - only here

    place = on_disk(str(path))
    with ExitStack() as stack:
        read = partial(place.read, place.open(stack))
        key = next(key for key in keys_of(read, place.size_bytes) if key.name == "t")
        return key.content(read), key.key_bytes


def plain(data, before):
    """Return entries and leaves as they are read of a file alone."""
    tree = read_tree(data, before)
    return tree.entries, [leaf for leaf, *_ in leaves_of_stored(tree)[0]]


def walked(path):
    data, before = stored(path)
    tree = read_tree(data, before)
    return Production.of_walked(tree, leaves_of_stored(tree)[0])


def regular(path):
    return regular_production(*stored(path), "TTree")


def told(found):
    """Return entries and leaves."""
    return found and (found[0], list(found[1]))


@pytest.mark.parametrize("production", [walked, regular])
def test_another_file_of_the_production_is_understood_with_its_own_numbers(tmp_path, production):
    first = production(written(tmp_path / "a.root", 10))
    data, before = stored(written(tmp_path / "b.root", 2000, baskets=3))

    entries, found = first.leaves(data)

    alone = ListedLeaves(plain(data, before)[1])
    assert entries == 6000
    assert list(found) == list(alone)
    assert found.infos == alone.infos
    assert found.edges() == alone.edges()
    assert found.stored_bytes() == alone.stored_bytes()
    assert [found.get(info.name) for info in found.infos] == list(alone)
    assert found.get("y") is None


def test_of_files_that_are_opened_side_by_side_one_is_walked_and_the_others_are_like_it(tmp_path):
    wide = {f"b{i}": np.float32 for i in range(500)}
    for number in range(3):
        with uproot.recreate(tmp_path / f"{number}.root") as file:
            file.mktree("t", wide)
    files = [stored(tmp_path / f"{number}.root") for number in range(3)]
    productions, together = Productions(), Barrier(len(files))

    def opened(file):
        together.wait()
        return productions.leaves(*file, "TTree")

    with ThreadPoolExecutor(len(files)) as pool:
        found = list(pool.map(opened, files))

    assert [told(each) for each in found] == [plain(*file) for file in files]
    assert len({id(leaves.infos) for _, leaves, _ in found}) == 1


@pytest.mark.parametrize(
    "other",
    [{"kind": np.float64}, {"name": "y"}, {"title": "other!"}, {"baskets": 30}, {"kind": np.int32}],
)
@pytest.mark.parametrize("production", [walked, regular])
def test_other_trees_are_not_taken_for_the_same(tmp_path, other, production):
    first = production(written(tmp_path / "a.root", 10))
    data, _ = stored(written(tmp_path / "b.root", 10, **other))

    assert first.leaves(data) is None
    assert first.leaves(data[:100]) is None


def test_files_of_a_production_are_read_right(tmp_path):
    source = DataFiles(MemoryStore(lambda: 0.0))
    for number, (entries, baskets) in enumerate([(10, 1), (700, 4), (9, 0), (5, 2)]):
        path = str(written(tmp_path / f"{number}.root", entries, baskets=baskets))
        names = [branch.name for branch in source.describe(path, "t").branches]
        blocks = source.read(source.survey(path, "t", names), names, 0, entries * baskets)

        found = [entry for block in blocks for entry in oracle.entries_of(block)]

        values = [i + 1000 * part for part in range(baskets) for i in range(entries)]
        assert [entry["x"] for entry in found] == values
        assert [entry["J"] for entry in found] == [[i] * (i % 3) for i in values]
        assert [entry["a"] for entry in found] == [[i] * 3 for i in values]


@pytest.fixture(scope="module", params=[walked, regular])
def two(tmp_path_factory, request):
    folder = tmp_path_factory.mktemp("production")
    first = request.param(written(folder / "a.root", 10))
    return first, *stored(written(folder / "b.root", 20))


@given(place=st.integers(0, 10_000), value=st.integers(0, 255))
def test_a_damaged_byte_is_read_as_it_would_be_alone_or_not_known(two, place, value):
    first, data, before = two
    damaged = bytearray(data)
    damaged[place % len(data)] = value
    found = told(first.leaves(bytes(damaged)))

    if found is not None:
        try:
            alone = plain(bytes(damaged), before)
        except (DamagedStreamError, UnknownStreamError):  # in what the leaves do not need
            return
        assert found == alone
