"""The specs step: files are opened, measured range by range, merged and planned."""

import json

import awkward as ak
import numpy as np
import pytest

from mlaas4hep.core import sealed
from mlaas4hep.core.data.specs.specs import measured
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.runs.events import RangePlanned
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import PermanentError
from mlaas4hep.pipeline.specs import measure_range
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.pipeline.rootfiles import two_files


def _cut(text, branch="x"):
    return json.dumps({"flat_cut": {branch: {"cut": text, "remove": "False"}}})


@pytest.mark.parametrize("deliveries", [1, 3])
@pytest.mark.parametrize("range_entries", [1, 10, 1000])
def test_ranges_merge_to_the_specs_of_all_entries(tmp_path, range_entries, deliveries):
    services = pipeline.make_services(range_entries)
    files = two_files(tmp_path)

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
    files = two_files(tmp_path)
    pipeline.run(services, files)
    reads = services.source.reads

    again = pipeline.run(services, files, number=2, epochs=99, batch_size=7)

    assert services.source.reads == reads
    assert again.chunks.complete


def test_the_order_of_files_does_not_matter_to_what_is_measured(tmp_path, services):
    files = two_files(tmp_path)
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
    files = two_files(tmp_path)

    done = pipeline.run(services, files, preproc=preproc, chunk_size=10)

    specs = pipeline.specs_of(services, done)
    assert specs.branch("x").low > 0
    assert specs.branch("y").high == 2 * specs.branch("x").high
    assert specs.entries == 90
    assert done.selected == specs.passed < 90


def test_nevts_measures_the_first_entries_of_each_file_only(tmp_path, services):
    files = two_files(tmp_path)

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

    done = pipeline.run(services, two_files(tmp_path), preproc=preproc)

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
    problem = pipeline.run(services, **{"files": two_files(tmp_path), **change}).problem

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
    files = two_files(tmp_path)
    pipeline.submit(services, files)
    pipeline.drain(services, {kind: pipeline.REACTIONS[kind] for kind in (pipeline.RunSubmitted,)})
    two_files(tmp_path, n=31)

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
    done = pipeline.run(services, two_files(tmp_path))

    body = services.specs.get(done.specs)

    assert len(body) < 1000
    assert json.loads(body)["ranges"][0] == {"file": 0, "start": 0, "stop": 30, "passed": 30}
    assert sealed.dump(pipeline.specs_of(services, done), done.specs) == body
