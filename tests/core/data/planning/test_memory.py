"""Chunks that no memory holds are refused before any is made."""

import pytest

from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.planning.memory import check_memory
from mlaas4hep.core.data.planning.plan import ChunkPlan
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.errors import PermanentError


def layout(width):
    row = BranchSpec(name="hits", jagged=True, low=0.0, high=1.0, width=width)
    return Layout.of(Specs(branches=(row,), ranges=()))


def plan(chunk_size):
    return ChunkPlan.of([10_000], -1, chunk_size)


def test_a_row_of_a_million_values_is_refused_with_what_limits_it():
    with pytest.raises(
        PermanentError, match=r"5000 entries with 1000000 columns.*18\.6 GB"
    ) as found:
        check_memory(layout(1_000_000), plan(5000))

    assert "hits (1000000)" in found.value.problem.message
    assert "x[:10]" in found.value.problem.hint


@pytest.mark.parametrize(("width", "chunk_size"), [(1_000_000, 500), (1000, 10_000)])
def test_what_fits_passes(width, chunk_size):
    check_memory(layout(width), plan(chunk_size))
