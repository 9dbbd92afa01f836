"""What a sample of entries says about a run that has not begun."""

import numpy as np

from mlaas4hep.core.models.sample.untrainable import SampledEntries, known_labels
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import InputFile, Params, Request


def make_request(labels, **params):
    return Request(
        owner="alice",
        run="luca_1",
        folder="luca",
        upload="u",
        files=(InputFile(name="a.root", url="a.root", tree="Events"),),
        labels=labels,
        params=Params(**params),
        model_sha256="m",
    )


def of_a_branch(**params):
    return make_request(Labels(expression="s"), **params)


def entries(*labels):
    return [SampledEntries(labels=np.array(each, np.float32), parts=None) for each in labels]


def test_different_labels_of_all_files_are_known_once():
    found = known_labels(entries([1, 0, 1], [5, 0]), of_a_branch())

    assert (found.rows, found.are_used) == (((0.0,), (1.0,), (5.0,)), True)


def test_of_several_columns_rows_are_known():
    found = known_labels(entries([[1, 0], [1, 0], [0, 7]]), of_a_branch())

    assert found.rows == ((0.0, 7.0), (1.0, 0.0))


def test_of_many_values_the_lowest_and_the_highest_are_among_those_known():
    values = np.random.default_rng(1).normal(size=(5000, 2)).astype(np.float32)

    rows = np.array(known_labels(entries(values), of_a_branch()).rows, np.float32)

    assert 1000 <= len(rows) < 1100
    assert (rows.min(axis=0) == values.min(axis=0)).all()
    assert (rows.max(axis=0) == values.max(axis=0)).all()


def test_with_nevts_an_entry_may_not_be_used():
    assert not known_labels(entries([0, 1]), of_a_branch(nevts=500)).are_used


def test_labels_of_files_are_known_without_a_sample():
    request = make_request(Labels(values=(0.0, 1.0)))

    assert known_labels(entries([0, 1]), request).rows == ()
