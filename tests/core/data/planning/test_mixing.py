"""Chunks that are dealt by chance: every entry once, each chunk a copy of the sample."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlaas4hep.core.data.planning.mixing import GROUP_BYTES, MixedPlan, dealt

TOTALS = st.lists(st.integers(0, 200), min_size=1, max_size=4).filter(lambda t: sum(t) > 1)


def of_chunk(plan, index):
    """Return the entries of a chunk as (file, entry), as the function that makes it finds them."""
    recipe = plan.recipe(index)
    parts = recipe.slices
    files = np.concatenate([np.full(part.entries, part.file) for part in parts])
    entries = np.concatenate([np.arange(part.start, part.stop) for part in parts])
    chosen = dealt(recipe.mix) == recipe.mix.place
    return list(zip(files[chosen].tolist(), entries[chosen].tolist(), strict=True))


@settings(max_examples=25, deadline=None)
@given(TOTALS, st.integers(20, 700), st.sampled_from([100, 10**7]))
def test_every_entry_is_in_exactly_one_chunk(totals, chunk_size, row_bytes):
    plan = MixedPlan.of(totals, min(chunk_size, sum(totals) - 1), row_bytes)

    found = [entry for index in range(plan.chunks) for entry in of_chunk(plan, index)]

    assert sorted(found) == [(f, e) for f, n in enumerate(totals) for e in range(n)]


@settings(max_examples=25, deadline=None)
@given(TOTALS, st.integers(20, 700))
def test_chunks_have_the_size_that_was_asked_for_or_a_little_less(totals, chunk_size):
    plan = MixedPlan.of(totals, min(chunk_size, sum(totals) - 1), 100)

    sizes = [plan.size(index) for index in range(plan.chunks)]

    assert sizes == [len(of_chunk(plan, index)) for index in range(plan.chunks)]
    assert max(sizes) <= chunk_size
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("share", [0.01, 0.4])
@pytest.mark.parametrize("row_bytes", [40, 10_000])
def test_chunks_of_a_sorted_file_have_the_classes_of_the_file(share, row_bytes):
    total = 60_000
    plan = MixedPlan.of([total], 2000, row_bytes)

    for index in range(plan.chunks):
        signal = sum(entry < share * total for _, entry in of_chunk(plan, index))
        assert signal / plan.size(index) == pytest.approx(share, abs=0.07)


def test_what_is_made_together_fits_into_memory():
    plan = MixedPlan.of([3_000_000, 5_000_000], 10_000, 400)

    for chunks in plan.made_together():
        assert sum(plan.size(index) for index in chunks) * 400 < 1.1 * GROUP_BYTES


def test_a_large_sample_is_made_by_several_processes():
    assert len(list(MixedPlan.of([250_000], 1000, 40).made_together())) == 4


def test_pieces_are_large_so_that_baskets_are_read_for_few_groups():
    plan = MixedPlan.of([10_000_000], 10_000, 400)

    pieces = [part.entries for part in plan.recipe(0).slices]

    assert min(pieces) > 10_000
