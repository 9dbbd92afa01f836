"""The plan: no entry twice, none lost, and the ancestor's chunks where those make sense."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.planning.passmap import PassMap, Reading
from mlaas4hep.core.data.planning.plan import (
    ChunkPlan,
    EntryRange,
    Slice,
    groups,
    plan_ranges,
)
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.errors import InvalidRequestError
from tests import oracle

FILES = st.lists(st.integers(0, 150), min_size=1, max_size=8)
SIZES = st.one_of(st.just(-1), st.integers(1, 120))


def _chunks(plan):
    return [
        [(part.file, part.start, part.stop) for part in plan.slices(index)]
        for index in range(plan.chunks)
    ]


@given(FILES, st.one_of(st.just(-1), st.integers(1, 3000)), SIZES)
def test_no_entry_is_lost_and_none_is_there_twice(passed, nevts, chunk_size):
    plan = ChunkPlan.of(passed, nevts, chunk_size)

    at = [0] * len(passed)
    for index in range(plan.chunks):
        parts = plan.slices(index)
        assert parts
        assert [part.file for part in parts] == sorted({part.file for part in parts})
        assert plan.size(index) == sum(part.entries for part in parts)
        for part in parts:
            assert part.start == at[part.file]
            at[part.file] = part.stop
    assert tuple(at) == plan.totals
    assert all(total <= count for total, count in zip(plan.totals, passed, strict=True))
    assert plan.entries == sum(at)


@given(FILES, SIZES)
def test_without_nevts_every_entry_is_used(passed, chunk_size):
    assert ChunkPlan.of(passed, -1, chunk_size).totals == tuple(passed)


@given(FILES, st.integers(1, 3000), SIZES)
def test_nevts_is_kept_up_to_rounding(passed, nevts, chunk_size):
    entries = ChunkPlan.of(passed, nevts, chunk_size).entries

    assert abs(entries - min(nevts, sum(passed))) <= len(passed)


@given(
    st.lists(st.integers(1, 100_000), min_size=1, max_size=200),
    st.integers(1, 2000),
)
def test_no_chunk_is_larger_than_memory_allows(passed, chunk_size):
    plan = ChunkPlan.of(passed, -1, chunk_size)

    probed = {0, plan.chunks // 2, plan.regular - 1, plan.regular, plan.chunks - 1}
    for index in probed & set(range(plan.chunks)):
        assert 0 < plan.size(index) < 2 * chunk_size + (len(passed) if index < plan.regular else 0)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30), st.integers(1, 5))
def test_chunks_that_are_spread_differ_by_one_entry_at_most(passed, chunk_size):
    plan = ChunkPlan.of(passed, -1, chunk_size)

    sizes = {plan.size(index) for index in range(plan.regular, plan.chunks)}

    assert max(sizes) - min(sizes) <= 1 if sizes else plan.regular


@given(
    st.lists(st.integers(30, 2000), min_size=1, max_size=3),
    st.integers(10, 200),
)
def test_chunks_are_the_ancestors_up_to_where_one_file_ends(passed, chunk_size):
    expected = oracle.ancestor_chunks(passed, chunk_size)

    plan = ChunkPlan.of(passed, -1, chunk_size)

    rest = sum(stop - start for _, start, stop in expected[-1])
    if plan.regular:  # else the last file would get nothing, or fill in for all others
        assert _chunks(plan)[: plan.regular] == expected[: plan.regular]
        assert plan.regular == len(expected) - 1
        assert rest >= 2 * chunk_size or _chunks(plan) == expected


@pytest.mark.parametrize(
    ("passed", "nevts", "chunk_size"),
    [
        ([100], -1, 10),
        ([105], -1, 10),
        ([200, 200], -1, 100),
        ([1000, 333], -1, 64),
        ([333, 1000], -1, 64),
        ([500, 500], 250, 60),  # nevts is not a multiple of chunk_size
        ([40, 900], -1, 100),
        ([900, 40], -1, 100),
        ([100, 200, 301], 450, 33),
        ([5], -1, 10),  # smaller than its share
    ],
)
def test_whole_plans_are_the_ancestors(passed, nevts, chunk_size):
    plan = ChunkPlan.of(passed, nevts, chunk_size)

    assert _chunks(plan) == oracle.ancestor_chunks(passed, chunk_size, nevts)


def test_a_rest_of_two_chunks_or_more_is_spread():
    plan = ChunkPlan.of([10, 100_000], -1, 1000)  # no entry of file 0 until the end
    ends_early = ChunkPlan.of([1500, 98_500, 100_000], -1, 100)

    assert max(plan.size(i) for i in range(plan.chunks)) < 2000
    assert max(ends_early.size(i) for i in range(ends_early.chunks)) < 202


def test_many_small_files_are_mixed_evenly():
    plan = ChunkPlan.of([5] * 10_000, -1, 1000)

    assert {plan.size(i) for i in range(plan.chunks)} == {1000}


def test_one_chunk_holds_everything_if_that_is_asked_for():
    assert _chunks(ChunkPlan.of([3, 0, 2], -1, -1)) == [[(0, 0, 3), (2, 0, 2)]]
    assert ChunkPlan.of([0, 0], -1, -1).chunks == 0


def test_files_share_nevts_by_what_they_would_give_as_a_whole():
    plan = ChunkPlan.of([100, 100], 1000, 50, weights=[99_000, 1000])

    assert plan.totals == (100, 10)


def test_the_last_of_ten_thousand_chunks_is_found_at_once():
    plan = ChunkPlan.of([5_000_000, 5_000_000], -1, 1000)

    assert plan.chunks == 10_000
    assert plan.slices(9_999)[-1] == Slice(file=1, start=4_999_500, stop=5_000_000)


def _specs(*counts):
    return Specs(
        branches=(),
        ranges=tuple(RangeCount(file=f, start=a, stop=b, passed=n) for f, a, b, n in counts),
    )


def test_passing_entries_are_found_in_the_file():
    specs = _specs((0, 0, 100, 100), (1, 0, 100, 10), (1, 100, 200, 0), (1, 200, 300, 100))

    found = PassMap.of(specs, 1).readings(7, 15)

    assert PassMap.of(specs, 0).readings(7, 15) == (
        Reading(file=0, start=7, stop=15, skip=0, take=8),
    )
    assert found == (
        Reading(file=1, start=0, stop=100, skip=7, take=3),
        Reading(file=1, start=200, stop=205, skip=0, take=5),
    )


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1, max_size=9), st.data())
def test_what_is_read_is_what_was_asked_for(sizes, data):
    at, counts = 0, []
    for size, passed in sizes:
        counts.append((0, at, at + size, min(size, passed)))
        at += size
    total = sum(count[3] for count in counts)
    start = data.draw(st.integers(0, total))
    stop = data.draw(st.integers(start, total))

    found = PassMap.of(_specs(*counts), 0).readings(start, stop)

    assert sum(reading.take for reading in found) == stop - start
    assert all(0 < r.take <= r.stop - r.start - r.skip for r in found)
    assert [r.start for r in found] == sorted({r.start for r in found})


def test_more_entries_than_were_measured_are_refused():
    with pytest.raises(InvalidRequestError, match="know of 10"):
        PassMap.of(_specs((0, 0, 10, 10)), 0).readings(5, 11)


def test_ranges_end_where_reading_is_cheap():
    ranges = plan_ranges([1000, 0, 250], -1, [range(0, 1001, 150), (0,), (0, 250)], 400)

    assert ranges == (
        EntryRange(file=0, start=0, stop=300),
        EntryRange(file=0, start=300, stop=600),
        EntryRange(file=0, start=600, stop=1000),
        EntryRange(file=2, start=0, stop=250),
    )


def test_a_file_without_cheap_places_is_cut_anywhere():
    assert [r.stop for r in plan_ranges([1000], -1, [(0, 1000)], 400)] == [400, 1000]
    assert [r.stop for r in plan_ranges([2000], -1, [(0, 2000)], 400)] == [
        400,
        800,
        1200,
        1600,
        2000,
    ]


def test_the_ranges_of_a_huge_sample_grow_instead_of_being_too_many():
    files = [3 * 10**9, 10**9, 100_000]

    ranges = plan_ranges(files, -1, [(0, total) for total in files], 100_000)

    assert [ranges[0].stop, ranges[-2].stop - ranges[-2].start] == [400_010, 775_020]
    assert ranges[-1] == EntryRange(file=2, start=0, stop=100_000)
    assert len(ranges) == 9_999


@given(
    st.lists(st.integers(0, 500), min_size=1, max_size=5),
    st.one_of(st.just(-1), st.integers(1, 600)),
    st.lists(st.integers(1, 499)),
    st.integers(1, 200),
)
def test_ranges_cover_the_first_entries_of_every_file_once(entries, nevts, inner, target):
    boundaries = [sorted({0, total, *(b for b in inner if b < total)}) for total in entries]

    ranges = plan_ranges(entries, nevts, boundaries, target)

    for file, total in enumerate(entries):
        mine = [part for part in ranges if part.file == file]
        end = total if nevts < 0 else min(nevts, total)
        edges = [0] if not mine else [mine[0].start, *(part.stop for part in mine)]
        assert edges == [0, *(part.stop for part in mine)]
        assert all(a.stop == b.start for a, b in pairwise(mine))
        assert (mine[-1].stop if mine else 0) == end
        assert all(0 < part.stop - part.start < 2 * target + 1 for part in mine)


@given(st.integers(1, 2000), st.integers(1, 500), st.floats(0.5, 1e6))
def test_every_chunk_is_in_one_group_and_groups_are_in_order(entries, chunk_size, row):
    plan = ChunkPlan.of([entries], -1, chunk_size)

    found = [index for group in groups(plan, row) for index in group]

    assert found == list(range(plan.chunks))


@pytest.mark.parametrize(
    ("files", "chunk_size", "block", "size"),
    [
        (2, 10_000, 10_000, 8),  # four blocks of each file
        (2, 1_000, 10_000, 80),
        (2, 500_000, 10_000, 1),
        (100, 10_000, 10_000, 25),  # a row is all there is: four groups
    ],
)
def test_a_group_spans_some_blocks_of_each_file_and_leaves_work_for_others(
    files, chunk_size, block, size
):
    plan = ChunkPlan.of([1_000_000 // files] * files, -1, chunk_size)

    first, *_ = groups(plan, files * block)

    assert len(first) == size


def test_a_group_is_never_more_than_ten_million_entries():
    plan = ChunkPlan.of([500_000_000] * 2, -1, 10_000)

    assert {len(group) for group in groups(plan, 1e8)} == {1000}
