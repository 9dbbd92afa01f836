"""Whether chunks are trained on one by one."""

import pytest

from mlaas4hep.core.data.planning.plan import ChunkPlan
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import AUTO, Params
from mlaas4hep.core.requests.roundorder import ordered

TWO = Labels(values=(1.0, 0.0))


def plan(*totals, chunk_size=1000):
    return ChunkPlan.of(totals, -1, chunk_size)


@pytest.mark.parametrize(
    ("labels", "files", "training"),
    [
        (TWO, plan(5000, 5000), "chunked"),
        (TWO, plan(40, 40_000), "standard"),
        (TWO, plan(10, 990), "chunked"),  # one chunk: nothing to forget
        (TWO, plan(1000, 60_000, chunk_size=20_000), "chunked"),  # many in each chunk
        (Labels(values=(0.0, 0.0, 1.0)), plan(20_000, 20_000, 30), "standard"),
        (TWO, plan(0, 5000), "chunked"),
        (Labels(expression="isSignal"), plan(5000), "standard"),
    ],
)
def test_files_with_labels_go_chunk_by_chunk_unless_a_class_is_rare(labels, files, training):
    params, warning = ordered(Params(training=AUTO), labels, files)

    assert params.training == training
    assert bool(warning) == (training == "standard" and not labels.expression)


def test_the_warning_names_class_and_cure():
    labels = Labels(values=(1.0, 0.0), classes=("qcd", "higgs"))

    _, warning = ordered(Params(training=AUTO), labels, plan(40, 40_000))

    assert warning.startswith("a chunk holds 1 entries of class higgs on the average")
    assert '"training": "chunked"' in warning


@pytest.mark.parametrize(
    ("asked", "files", "is_warned"),
    [
        ("standard", plan(40, 40_000), False),
        ("chunked", plan(5000, 5000), False),
        ("chunked", plan(40, 40_000), True),
    ],
)
def test_what_the_person_says_counts_and_what_it_forgets_is_told(asked, files, is_warned):
    params = Params(training=asked)

    found, warning = ordered(params, TWO, files)

    assert found == params
    assert ("is forgotten by the next ones" in warning) == is_warned
