"""Classes of entries that a dry run looked at, as estimators and trees number them."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.trainers import tabular
from mlaas4hep.core.models.training import SampledLabels
from mlaas4hep.core.requests.labelcolumns import LabelColumns
from tests.adapters.trainers.conftest import make_job


def looked_at(*labels, **job):
    rows = tuple((float(label),) for label in labels)
    return replace(make_job(), sampled=SampledLabels(rows=rows), **job)


def test_a_number_that_no_entry_has_is_told_with_how_to_number_classes():
    (told,) = tabular.sampled_gap(looked_at(0, 2, 5))

    assert told.startswith("of the entries looked at: no training entry has label 1, but there are")
    assert "without a gap" in told


@pytest.mark.parametrize("labels", [(), (0,), (0, 1), (0, 1, 2)])
def test_classes_without_a_gap_are_not_worth_a_word(labels):
    assert tabular.sampled_gap(looked_at(*labels)) == ()


def test_of_several_columns_each_has_classes_of_its_own():
    columns = LabelColumns(names=("a", "b"))

    assert tabular.sampled_gap(looked_at(0, 2, label_columns=columns)) == ()
