"""Ranges that are measured tell what each cut leaves, and which values do not count."""

import json

import numpy as np

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.cutcounts import CutCount, FileCuts
from mlaas4hep.core.data.specs.specs import merged
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.ranges import measure_blocks, nothing_passes

CUTS = {"a": {"cut_1": "a > 2", "cut_2": "a < 8"}, "b": {"cut": "b > 0"}}


def block(start, stop, **more):
    flat = {"a": np.arange(start, stop, dtype=np.float64), "b": np.ones(stop - start), **more}
    return Columns(entries=stop - start, flat=flat, jagged={})


def range_of(*blocks, rules=None, cuts=CUTS, features=("a", "b")):
    preproc = Preproc.parse(json.dumps({"flat_cut": cuts} if cuts else {}))
    entries = sum(each.entries for each in blocks)
    return measure_blocks(blocks, preproc, features, entries=entries, rules=rules or Rules())


def told(counts):
    return [(count.cut, count.passed) for count in counts]


def test_what_each_cut_leaves_is_summed_over_blocks_and_ranges():
    first, second = range_of(block(0, 4), block(4, 10)).specs, range_of(block(7, 9)).specs

    (both,) = merged([first, second]).cuts

    assert both == FileCuts(
        file=0,
        entries=12,
        counts=(
            CutCount(cut="a > 2", passed=9),
            CutCount(cut="a < 8", passed=6),
            CutCount(cut="b > 0", passed=6),
        ),
    )


def test_a_cut_that_is_written_twice_is_one():
    found = range_of(block(0, 10), cuts={"a": {"cut_1": "a > 2", "cut_2": "a > 2"}})

    assert told(found.specs.cuts[0].counts) == [("a > 2", 7)]


def test_without_cuts_nothing_is_told():
    assert range_of(block(0, 3), cuts=None).specs.cuts == ()


def test_if_nothing_passes_the_error_says_what_each_cut_leaves():
    found = range_of(block(0, 2))

    hint = nothing_passes(2, [found, found]).problem.hint

    assert hint == "entries left: 0 after a > 2, 0 after a < 8, 0 after b > 0"


def test_values_that_mean_missing_are_counted_apart_and_those_outside_of_a_clip_too():
    odd = np.array([-999.0, np.nan, 1.0, 2.0, 3.0, 400.0])
    rules = Rules(missing=(("c", (-999.0,)),), clip=(("c", (0.0, 100.0)),))

    found = range_of(block(0, 6, c=odd), cuts=None, features=("c",), rules=rules).specs
    (spec,) = treated(merged([found, found]), rules).branches

    assert (spec.nan, spec.missing, spec.clipped) == (4, 2, 2)
