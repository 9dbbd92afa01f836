"""The specs step: files are opened, measured range by range, merged and planned."""

import json
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest

from mlaas4hep.adapters.recent import RecentValues
from mlaas4hep.core import sealed, wire
from mlaas4hep.core.data.specs.specs import Specs, measured
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.runs.events import RangeMeasured, RangePlanned
from mlaas4hep.core.runs.run import Status
from mlaas4hep.core.selection.opened import OpenedFiles
from mlaas4hep.errors import PermanentError
from mlaas4hep.pipeline.specs import measure_range, merge_ranges
from mlaas4hep.testing import pipeline
from tests import oracle


@pytest.fixture
def services():
    return pipeline.make_services()


def _cut(text, branch="x"):
    return json.dumps({"flat_cut": {branch: {"cut": text, "remove": "False"}}})


def _two_files(tmp_path, n=30):
    rng = np.random.default_rng(5)
    return [
        oracle.write_tree(
            tmp_path / f"{name}.root",
            "t",
            {
                "x": rng.normal(size=size).astype(np.float32),
                "k": rng.integers(0, 9, size).astype(np.int16),
                "event": np.arange(size),
            },
            basket=7,
        )
        for name, size in (("a", n), ("b", 2 * n))
    ]


@pytest.mark.parametrize("deliveries", [1, 3])
@pytest.mark.parametrize("range_entries", [1, 10, 1000])
def test_ranges_merge_to_the_specs_of_all_entries(tmp_path, range_entries, deliveries):
    services = pipeline.make_services(range_entries)
    files = _two_files(tmp_path)

    done = pipeline.run(services, files, deliveries=deliveries, chunk_size=20)

    specs = pipeline.specs_of(services, done)
    whole = [
        measured(block, file=i, start=0, stop=block.entries)
        for i, path in enumerate(files)
        for block in services.source.read(
            services.source.survey(path, "t", ["k", "x"]), ["k", "x"], 0, 30 * (i + 1)
        )
    ]
    assert specs == whole[0].merge(whole[1])
    assert done.status is Status.PREPARING
    assert (done.entries, done.selected, done.columns) == (90, 90, 2)
    assert done.ranges.complete
    assert done.chunks.complete
    assert done.problem is None


def test_a_range_that_is_measured_already_is_not_read_again(tmp_path, services):
    files = _two_files(tmp_path)
    pipeline.run(services, files)
    reads = services.source.reads

    again = pipeline.run(services, files, number=2, epochs=99, batch_size=7)

    assert services.source.reads == reads
    assert again.chunks.complete


def test_the_order_of_files_does_not_matter_to_what_is_measured(tmp_path, services):
    files = _two_files(tmp_path)
    first = pipeline.run(services, files)
    stored = {info.key for info in services.specs.list("o/ranges/")}

    second = pipeline.run(services, files[::-1], number=2)

    assert {info.key for info in services.specs.list("o/ranges/")} == stored
    assert first.specs != second.specs
    assert (
        pipeline.specs_of(services, first).branches == pipeline.specs_of(services, second).branches
    )


def test_cuts_and_new_branches_come_before_measuring(tmp_path, services):
    preproc = json.dumps(
        {
            "new_branch": {"y": {"def": "x * 2", "type": "flat", "remove": "False"}},
            "flat_cut": {"x": {"cut": "x>0", "remove": "False"}},
        }
    )
    files = _two_files(tmp_path)

    done = pipeline.run(services, files, preproc=preproc, chunk_size=10)

    specs = pipeline.specs_of(services, done)
    assert specs.branch("x").low > 0
    assert specs.branch("y").high == 2 * specs.branch("x").high
    assert specs.entries == 90
    assert done.selected == specs.passed < 90


def test_nevts_measures_the_first_entries_of_each_file_only(tmp_path, services):
    files = _two_files(tmp_path)

    done = pipeline.run(services, files, nevts=12, chunk_size=5)

    specs = pipeline.specs_of(services, done)
    assert [(c.start, c.stop) for c in specs.ranges] == [(0, 12), (0, 12)]
    assert done.selected == 12  # 4 of the smaller file and 8 of the larger


def test_cuts_that_leave_nothing_fail_the_run_and_say_which(tmp_path, services):
    preproc = json.dumps(
        {
            "flat_cut": {
                "k": {"cut": "k>=0", "remove": "False"},
                "x": {"cut": "x>1000", "remove": "False"},
            }
        }
    )

    done = pipeline.run(services, _two_files(tmp_path), preproc=preproc)

    assert done.status is Status.FAILED
    assert done.problem.stage == "specs"
    assert "none of 90 entries" in done.problem.message
    assert "90 after" in done.problem.hint
    assert "0 after" in done.problem.hint


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"files": ["/nowhere/none.root"]}, ("none.root", "", "no such file")),
        ({"tree": "events"}, ("a.root", "", "trees there are: t")),
        ({"exclude_branches": ("xx",)}, ("a.root", "xx", "is no branch")),
        ({"labels": Labels(expression="kk")}, ("a.root", "kk", "is no branch")),
        ({"preproc": _cut("z>1", "z")}, ("a.root", "z", "z")),
    ],
)
def test_errors_say_stage_file_and_branch(tmp_path, services, change, says):
    problem = pipeline.run(services, **{"files": _two_files(tmp_path), **change}).problem

    assert (problem.stage, problem.file, problem.branch) == ("specs", says[0], says[1])
    assert says[2] in problem.message


def test_files_without_entries_are_refused(tmp_path, services):
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.empty(0)})

    assert "no entries in a.root" in pipeline.run(services, [path]).problem.message


def test_an_empty_file_beside_others_is_fine(tmp_path, services):
    empty = oracle.write_tree(tmp_path / "e.root", "t", {"x": np.empty(0, np.float32)})
    full = oracle.write_tree(tmp_path / "f.root", "t", {"x": np.arange(5, dtype=np.float32)})

    done = pipeline.run(services, [empty, full])

    assert (done.problem, done.selected) == (None, 5)


def test_one_entry_is_enough(tmp_path, services):
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.ones(1)})

    done = pipeline.run(services, [path])

    assert (done.problem, done.selected, done.columns) == (None, 1, 1)


def test_jagged_branches_that_are_empty_everywhere_have_no_columns(tmp_path, services):
    empty = ak.values_astype(ak.Array([[1.0]] * 3), "float32")[:, :0]
    arrays = {"x": np.ones(3), "J": empty}
    path = oracle.write_tree(tmp_path / "a.root", "t", arrays)

    done = pipeline.run(services, [path])
    nothing = pipeline.run(services, [path], number=2, selected_branches=("J",))

    assert done.columns == 2  # x and the counter nJ
    assert "no column is left" in nothing.problem.message


def test_a_file_that_changed_since_the_run_began_is_refused(tmp_path, services):
    files = _two_files(tmp_path)
    pipeline.submit(services, files)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in (pipeline.RunSubmitted,)})
    _two_files(tmp_path, n=31)

    event = RangePlanned(owner="o", run="r_1", index=0, file=0, start=0, stop=30)
    with pytest.raises(PermanentError, match=r"'a\.root' changed"):
        measure_range(event, services)


def test_nan_and_infinity_are_counted_and_do_not_poison(tmp_path, services):
    values = np.array([1, np.nan, np.inf, -np.inf, 3, np.nan])
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": values})

    spec = pipeline.specs_of(services, pipeline.run(services, [path])).branch("x")

    assert (spec.low, spec.high, spec.nan, spec.inf) == (1, 3, 2, 2)


def test_a_branch_that_is_never_a_number_is_mentioned(tmp_path, services):
    path = oracle.write_tree(
        tmp_path / "a.root", "t", {"x": np.arange(9.0), "k": np.arange(9.0) + 1}
    )
    zero = {"new_branch": {"r": {"def": "k / (k - k)", "type": "flat"}}}

    done = pipeline.run(services, [path], preproc=json.dumps(zero))

    assert done.warnings == ("NaN or infinite in every entry, so worth nothing: r",)


def test_stored_specs_are_small_json(tmp_path, services):
    done = pipeline.run(services, _two_files(tmp_path))

    body = services.specs.get(done.specs)

    assert len(body) < 1000
    assert json.loads(body)["ranges"][0] == {"file": 0, "start": 0, "stop": 30, "passed": 30}
    assert sealed.dump(pipeline.specs_of(services, done), done.specs) == body


@pytest.mark.parametrize("harm", ["damaged", "swapped", "gone"])
def test_a_measurement_that_is_lost_in_mid_run_is_made_again(tmp_path, services, harm):
    files = _two_files(tmp_path)
    whole = pipeline.specs_of(services, pipeline.run(services, files))
    pipeline.submit(services, files, number=2)
    only = (pipeline.RunSubmitted, RangePlanned)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in only})
    first, second = (info.key for info in services.specs.list("o/ranges/"))
    if harm == "gone":
        services.specs.delete(first)
    elif harm == "swapped":
        services.specs.put(first, services.specs.get(second))
    else:
        services.specs.put(first, services.specs.get(first)[:-40])
    event = RangeMeasured(owner="o", run="r_2", index=0, key=first, entries=1, passed=1)

    *_, ready = merge_ranges(event, services)

    assert wire.load(Specs, services.specs.get(ready.key)) == whole


@pytest.mark.parametrize("harm", ["flipped", "cut", "gone"])
def test_what_opening_the_files_found_is_found_again_when_it_is_lost(tmp_path, services, harm):
    files = _two_files(tmp_path)
    whole = pipeline.specs_of(services, pipeline.run(services, files))
    pipeline.submit(services, files, number=2)
    pipeline.drain(services, {pipeline.RunSubmitted: pipeline.REACTIONS[pipeline.RunSubmitted]})
    where = "o/r_2/opened-1.json"
    good = services.runs_files.get(where)
    event = RangePlanned(owner="o", run="r_2", **planned_first(services))
    if harm == "gone":
        services.runs_files.delete(where)
    else:
        bad = good[:-9] if harm == "cut" else good.replace(b'"entries":', b'"entries":1', 1)
        services.runs_files.put(where, bad)

    (measured,) = measure_range(event, services)

    assert services.runs_files.get(where) == good
    assert (measured.index, measured.entries > 0, whole.entries > 0) == (0, True, True)


def test_files_that_changed_after_what_was_found_in_them_is_lost_are_refused(tmp_path, services):
    files = _two_files(tmp_path)
    pipeline.submit(services, files)
    pipeline.drain(services, {pipeline.RunSubmitted: pipeline.REACTIONS[pipeline.RunSubmitted]})
    event = RangePlanned(owner="o", run="r_1", **planned_first(services, "r_1"))
    services.runs_files.delete("o/r_1/opened-1.json")
    changed = {"x": np.arange(3, dtype=np.float32), "k": np.arange(3, dtype=np.int16)}
    oracle.write_tree(files[0], "t", changed | {"event": np.arange(3)})

    with pytest.raises(PermanentError, match="lost"):
        measure_range(event, services)


def planned_first(services, run="r_2"):
    """Return the first range of a run, as its event says it."""
    key = f"o/{run}/opened-1.json"
    opened = sealed.load(OpenedFiles, services.runs_files.get(key), key)
    part = opened.ranges[0]
    return {"index": 0, "file": part.file, "start": part.start, "stop": part.stop}


def test_a_survey_in_the_place_of_another_files_is_made_again(tmp_path, services):
    files = _two_files(tmp_path)
    undisturbed = pipeline.make_services()
    whole = pipeline.run(undisturbed, files)
    pipeline.submit(services, files)
    only = (pipeline.RunSubmitted, RangePlanned)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in only})
    store = services.runs_files
    first, second = (info.key for info in store.list("o/r_1/surveys/"))
    good = store.get(first), store.get(second)
    store.put(first, good[1])
    store.put(second, good[0])
    measured = RangeMeasured(owner="o", run="r_1", index=0, key="", entries=1, passed=1)
    services.bus.publish([measured], again="once more")

    pipeline.drain(replace(services, recent=RecentValues()), pipeline.REACTIONS)

    assert (store.get(first), store.get(second)) == good
    assert services.runs.get("o", "r_1").chunks.done == whole.chunks.done
    for info in undisturbed.chunks.list(""):
        assert services.chunks.get(info.key) == undisturbed.chunks.get(info.key)
