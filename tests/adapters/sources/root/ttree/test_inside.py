"""Trees that hold baskets themselves, as ROOT wrote them: `data/inside.C` tells the values."""

import struct
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.root.directory import keys_of
from mlaas4hep.adapters.sources.root.layout import RootLayout
from mlaas4hep.adapters.sources.root.tree import TreeReader
from mlaas4hep.adapters.sources.root.ttree.basket import UnknownBasketError
from mlaas4hep.adapters.sources.root.ttree.cuts import NO_CUTS, cuts_of
from mlaas4hep.adapters.sources.root.ttree.insidebasket import read_inside
from mlaas4hep.adapters.sources.root.ttree.productions import Productions, regular_production
from mlaas4hep.core import wire
from tests import oracle
from tests.adapters.sources.root.reading import entries_read

FILE = Path(__file__).parents[1] / "data" / "inside.root"
ENTRIES = {
    "t": 30,
    "g": 20,
    "halves": 30,
    "generated_halves": 30,
    "flushed": 12,
    "none": 0,
    "other/t": 47,
}
NAMES = ["b", "fix", "n", "pt", "rows", "text", "two", "word", "x"]


def entry(i):
    """Return what inside.C fills."""
    return {
        "b": i % 3 == 0,
        "fix": [3 * i, 3 * i + 1, 3 * i + 2],
        "n": i % 4,
        "pt": [i + k / 8 for k in range(i % 4)],
        "rows": [i] * (i % 3),
        "text": f"t{i}",
        "two": [-float(i)] * (2 * (i % 4)),
        "word": f"t{i}",
        "x": i + 0.5,
    }


def read(source, tree, windows):
    """Return the entries of windows, read without uproot, and where they lie."""
    survey = source.survey(str(FILE), tree, NAMES)
    layout = wire.load(RootLayout, survey.layout)
    place = on_disk(str(FILE))
    with ExitStack() as stack:
        reader = TreeReader(
            place.open(stack),
            reopen=lambda: pytest.fail("uproot was asked"),
            check=lambda _size_bytes: None,
        )
        blocks = list(reader.blocks(layout, frozenset(NAMES), windows))
    return [each for block in blocks for each in oracle.entries_of(block)], layout


def stored(name):
    """Return the bytes of a tree, and what is before them."""
    place = on_disk(str(FILE))
    with ExitStack() as stack:
        read_bytes = partial(place.read, place.open(stack))
        key = next(key for key in keys_of(read_bytes, place.size_bytes) if key.name == name)
        return key.content(read_bytes), key.key_bytes


@pytest.mark.parametrize("tree", ENTRIES)
def test_all_values_are_read_without_uproot(source, tree):
    entries = ENTRIES[tree]
    info = source.describe(str(FILE), tree)

    found, layout = read(source, tree, [(0, entries)] if entries else [])

    assert (info.entries, info.unreadable) == (entries, ())
    assert sorted(branch.name for branch in info.branches) == NAMES
    assert found == [entry(i) for i in range(entries)]
    assert layout.others == ()


@pytest.mark.parametrize("tree", ["t", "g", "halves", "generated_halves"])
def test_a_window_has_its_own_entries_wherever_they_lie(source, tree):
    found, layout = read(source, tree, [(3, 11), (11, 17)])

    assert found == [entry(i) for i in range(3, 17)]
    assert all(branch.inside for branch in layout.baskets)


def test_boundaries_are_where_baskets_begin_in_the_file_and_in_the_tree(source):
    assert source.describe(str(FILE), "halves").boundaries == (0, 12, 30)


def test_of_another_file_of_the_production_only_the_numbers_are_taken():
    (data, before), (other, _) = stored("t"), stored("other/t")
    cuts = cuts_of(data, before, "TTree")
    productions = Productions()
    productions.leaves(data, before, "TTree")

    taken, others = cuts.taken_out(data), cuts.taken_out(other)
    entries, leaves, unknown = productions.leaves(other, before, "TTree")

    # alike but for numbers, though behind the first basket all lies elsewhere
    assert len(data) != len(other)
    assert len(taken[0]) == len(others[0])
    alone = Productions().leaves(other, before, "TTree")
    assert (entries, list(leaves), unknown) == (alone[0], list(alone[1]), alone[2])


def test_a_tree_of_another_production_has_its_baskets_elsewhere():
    cuts = cuts_of(*stored("t"), "TTree")

    assert cuts.taken_out(stored("flushed")[0]) is None
    assert cuts.taken_out(stored("t")[0][:2000]) is None


def test_without_baskets_inside_a_tree_stays_as_it_is():
    data, before = stored("none")
    cuts = cuts_of(data.replace(b"TBasket\0", b"TBaskeT\0"), before, "TTree")

    assert cuts is NO_CUTS
    assert cuts.taken_out(data)[0] is data


def leaf_and_basket(source, name):
    _, layout = read(source, "t", [(0, 30)])
    leaf = next(each for each in layout.baskets if each.name == name)
    ((start, stop),) = leaf.inside
    return leaf, stored("t")[0][start:stop]


def decoded(leaf, data):
    return read_inside(leaf, 0, data, lambda _total: pytest.fail("no counter"), lambda _bytes: None)


@pytest.mark.parametrize("name", ["x", "pt", "text", "rows"])
def test_a_basket_that_contradicts_itself_is_unknown(source, name):
    leaf, data = leaf_and_basket(source, name)
    (key_size,) = struct.unpack_from(">h", data, 14)
    assert decoded(leaf, data).entries == 30

    for at, value in [
        (0, key_size + 1),  # compressed
        (key_size - 9, 29),  # entries
        (key_size - 9, -1),
        (key_size - 5, 2**31 - 1),  # where values end
        (key_size - 5, 0),
    ]:
        changed = bytearray(data)
        struct.pack_into(">i", changed, at, value)
        with pytest.raises(UnknownBasketError):
            decoded(leaf, bytes(changed))
    for flag in (0, 1, 21, 90, 127):
        changed = bytearray(data)
        changed[key_size - 1] = flag
        with pytest.raises(UnknownBasketError):
            decoded(leaf, bytes(changed))
    for stop in (0, 10, key_size - 1, key_size, len(data) - 1):
        with pytest.raises(UnknownBasketError):
            decoded(leaf, data[:stop])


def test_the_bytes_of_a_basket_inside_are_counted(source):
    leaf, data = leaf_and_basket(source, "x")
    counted = []

    read_inside(leaf, 0, data, lambda _total: None, counted.append)

    assert counted == [len(data)]


def test_usual_branches_are_read_together_once_the_baskets_are_out(source):
    data, before = stored("usual")
    taken, inside = cuts_of(data, before, "TTree").taken_out(data)
    names = sorted(set(NAMES) - {"rows", "word"})

    assert regular_production(data, before, "TTree") is None
    production = regular_production(taken, before, "TTree")
    entries, leaves = production.leaves(taken, inside)
    assert (entries, sorted(info.name for info in leaves.infos)) == (25, names)
    assert leaves.edges() == {bytes(8)}
    assert entries_read(source, str(FILE), "usual", names) == [
        {n: entry(i)[n] for n in names} for i in range(25)
    ]
