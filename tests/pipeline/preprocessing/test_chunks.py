"""The chunk-preprocess step: the matrix of the oracle, every entry once, and nothing made twice."""

import json

import awkward as ak
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.runs.events import ChunkPlanned
from mlaas4hep.core.runs.run import Status
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks
from mlaas4hep.testing import pipeline
from tests import oracle


def _chunks(services, done):
    return pipeline.chunks_of(services, done, done.chunks.total)


def _write(path, rng, counts, basket):
    n, total = len(counts), sum(counts)
    return oracle.write_tree(
        path,
        "t",
        {
            "x": rng.normal(size=n).astype(np.float32),
            "good": rng.integers(0, 2, n).astype(np.bool_),
            "Jet": ak.zip(
                {
                    "pt": ak.unflatten(rng.exponential(size=total).astype(np.float32), counts),
                    "n": ak.unflatten(rng.integers(0, 200, total).astype(np.uint8), counts),
                }
            ),
        },
        basket=basket,
    )


COUNTS = st.lists(st.integers(0, 4), min_size=1, max_size=40)
CUT = json.dumps({"flat_cut": {"x": {"cut": "x>-0.5", "remove": "False"}}})


@given(
    st.lists(COUNTS, min_size=1, max_size=3),
    st.integers(1, 15),
    st.integers(1, 30),
    st.integers(1, 30),
    st.booleans(),
)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_chunks_of_random_trees_are_those_of_the_oracle(  # noqa: PLR0917
    tmp_path, files, basket, range_entries, chunk_size, cut
):
    rng = np.random.default_rng(sum(map(sum, files)))
    paths = [_write(tmp_path / f"{i}.root", rng, counts, basket) for i, counts in enumerate(files)]
    services = pipeline.make_services(range_entries)
    names = ["Jet_n", "Jet_pt", "good", "nJet", "x"]
    entries = [
        [
            entry
            for block in services.source.read(
                services.source.survey(path, "t", names), names, 0, len(counts)
            )
            for entry in oracle.entries_of(block)
            if not cut or entry["x"] > -0.5
        ]
        for path, counts in zip(paths, files, strict=True)
    ]

    done = pipeline.run(services, paths, chunk_size=chunk_size, preproc=CUT if cut else "")

    if not any(entries):
        assert done.status is Status.FAILED
        return
    specs = oracle.specs([entry for of_file in entries for entry in of_file])
    plan = _plan(services, done)
    chunks = _chunks(services, done)
    assert sum(len(chunk.y) for chunk in chunks) == sum(map(len, entries))
    for index, chunk in enumerate(chunks):
        parts = plan.slices(index)
        wanted = [entry for p in parts for entry in entries[p.file][p.start : p.stop]]
        x, mask = oracle.matrix(wanted, specs)
        np.testing.assert_array_equal(chunk.x, x)
        np.testing.assert_array_equal(chunk.mask, mask)
        assert chunk.y.tolist() == [float(p.file) for p in parts for _ in range(p.entries)]


def _plan(services, done):
    from mlaas4hep.core.data.planning.plan import ChunkPlan  # noqa: PLC0415

    specs = pipeline.specs_of(services, done)
    passed = [specs.passed_of(file) for file in range(done.files)]
    size = json.loads(services.runs_files.get(f"o/{done.name}/request.json"))["params"]
    return ChunkPlan.of(passed, -1, size["chunk_size"])


@pytest.fixture
def services():
    return pipeline.make_services()


def _file(tmp_path, name="a.root", n=50, **more):
    arrays = {"x": np.linspace(-1, 1, n), "k": np.arange(n, dtype=np.int32) % 3}
    return oracle.write_tree(tmp_path / name, "t", arrays | more, basket=20)


@pytest.mark.parametrize("deliveries", [1, 3])
def test_the_outcome_does_not_depend_on_how_often_events_arrive(tmp_path, services, deliveries):
    done = pipeline.run(services, [_file(tmp_path)], deliveries=deliveries, chunk_size=15)

    assert [len(chunk.y) for chunk in _chunks(services, done)] == [15, 15, 15, 5]
    assert len(list(services.chunks.list(""))) == 4


def test_a_file_is_surveyed_once_and_chunks_know_where_its_values_lie(tmp_path, services):
    path = _file(tmp_path)

    pipeline.run(services, [path], chunk_size=5)

    assert services.source.surveys == 1
    assert services.source.reads > 5


def test_files_are_read_once_for_the_chunks_that_are_made_together(tmp_path, services):
    files = [_file(tmp_path, f"{i}.root", n=20) for i in range(10)]

    done = pipeline.run(services, files, chunk_size=5)

    groups = 4
    assert done.chunks.total == 40
    assert services.source.reads == len(files) * (1 + groups)


def test_large_chunks_of_a_file_are_made_of_one_reading(tmp_path, services):
    first = pipeline.run(services, [_file(tmp_path, n=6000)], chunk_size=2000)
    reads = services.source.reads
    event = ChunkPlanned(owner="o", run="r_1", index=0, count=3, specs=first.specs, again=True)

    told = list(preprocess_chunks(event, services))

    assert [ready.entries for ready in told] == [2000, 2000, 2000]
    assert services.source.reads == reads + 1


def test_chunks_that_are_stored_already_are_told_again(tmp_path, services):
    first = pipeline.run(services, [_file(tmp_path)], chunk_size=15)
    reads = services.source.reads
    event = ChunkPlanned(owner="o", run="r_1", index=1, count=3, specs=first.specs)

    told = list(preprocess_chunks(event, services))

    assert [(ready.index, ready.entries) for ready in told] == [(1, 15), (2, 15), (3, 5)]
    assert services.source.reads == reads


def test_a_run_that_changes_only_the_training_reads_nothing(tmp_path, services):
    path = _file(tmp_path)
    pipeline.run(services, [path], chunk_size=15)
    reads = services.source.reads

    done = pipeline.run(services, [path], number=2, chunk_size=15, epochs=3, seed=7)

    assert reads > 0
    assert services.source.reads == reads
    assert done.chunks.complete


def test_other_chunk_sizes_use_the_measured_ranges_again(tmp_path, services):
    path = _file(tmp_path)
    first = pipeline.run(services, [path], chunk_size=15)

    second = pipeline.run(services, [path], number=2, chunk_size=25)

    assert second.specs == first.specs
    assert [len(chunk.y) for chunk in _chunks(services, second)] == [25, 25]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("k", lambda _, k: k), ("k == 1", lambda _, k: k == 1), ("2 * x + k", lambda x, k: 2 * x + k)],
)
def test_labels_come_from_branches(tmp_path, services, expression, expected):
    x, k = np.linspace(-1, 1, 50), np.arange(50) % 3
    path = _file(tmp_path, z=np.arange(50.0))

    done = pipeline.run(services, [path], labels=Labels(expression=expression), chunk_size=-1)

    (chunk,) = _chunks(services, done)
    np.testing.assert_array_equal(chunk.y, expected(x, k).astype(np.float32))


def test_the_label_may_be_a_branch_that_a_cut_removes(tmp_path, services):
    preproc = json.dumps({"flat_cut": {"k": {"cut": "k>=1", "remove": "True"}}})

    done = pipeline.run(
        services, [_file(tmp_path)], labels=Labels(expression="k"), preproc=preproc, chunk_size=-1
    )

    (chunk,) = _chunks(services, done)
    assert set(chunk.y.tolist()) == {1.0, 2.0}
    assert done.columns == 1


def test_a_label_that_is_no_number_is_refused(tmp_path, services):
    label = np.where(np.arange(50) == 30, np.nan, 1.0)
    path = _file(tmp_path, w=label)

    done = pipeline.run(services, [path], labels=Labels(expression="w"))

    assert (done.problem.stage, done.problem.file) == ("chunk-preprocess", "a.root")
    assert "'w' is not a number in every entry: it is nan in entry 30" in done.problem.message


def test_class_labels_are_given_per_file(tmp_path, services):
    files = [_file(tmp_path, "a.root", 20), _file(tmp_path, "b.root", 20)]
    labels = Labels(values=(1.0, 0.0), classes=("bkg", "sig"))

    done = pipeline.run(services, files, labels=labels, chunk_size=10)

    assert _chunks(services, done)[0].y.tolist() == [1.0] * 5 + [0.0] * 5


def test_only_the_branches_that_are_needed_are_read(tmp_path, services):
    path = _file(tmp_path, unused=np.zeros(50))
    preproc = json.dumps({"flat_cut": {"k": {"cut": "k>=1", "remove": "False"}}})

    pipeline.run(services, [path], selected_branches=("x",), preproc=preproc)

    assert set(services.source.branches) == {"x", "k"}


def test_a_chunk_spans_ranges_in_which_few_entries_pass(tmp_path):
    services = pipeline.make_services(range_entries=5)
    preproc = json.dumps({"flat_cut": {"k": {"cut": "k==2", "remove": "False"}}})

    done = pipeline.run(services, [_file(tmp_path)], preproc=preproc, chunk_size=3)

    chunks = _chunks(services, done)
    found = np.concatenate([chunk.x[:, 1] for chunk in chunks])
    x = np.linspace(-1, 1, 50)[np.arange(50) % 3 == 2]
    np.testing.assert_allclose(found, (x - x.min()) / (x.max() - x.min()), atol=1e-6)
    assert [len(chunk.y) for chunk in chunks] == [3, 3, 3, 3, 3, 1]


def test_values_that_are_not_finite_are_masked(tmp_path, services):
    values = np.array([1, np.nan, 3, np.inf, 2])
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": values, "y": np.ones(5)})

    (chunk,) = _chunks(services, pipeline.run(services, [path]))

    assert chunk.x[:, 0].tolist() == [0, 0, 1, 0, 0.5]
    assert chunk.mask[:, 0].tolist() == [0, 1, 0, 1, 0]
