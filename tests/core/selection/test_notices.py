"""New branches that take values that mean missing for numbers."""

import json

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.selection.notices import of_computed
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.ranges import measured_values

RULES = Rules(missing=(("m*", (-999.0, -1.0)), ("ht", (0.0,))))
MET, HT = np.array([20.0, -999.0, 30.0]), np.array([1.0, 2.0, 4.0])


def told(definition, kind="flat", features=("met", "ht")):
    """Return what is told of a new branch, and its values."""
    preproc = Preproc.parse(json.dumps({"new_branch": {"new": {"def": definition, "type": kind}}}))
    columns = preproc.applied(Columns(entries=3, flat={"met": MET, "ht": HT}, jagged={}))[0]
    _, specs = measured_values(columns.only({*features, "new"}), RULES, 0, 3)
    return "; ".join(of_computed(specs, RULES, preproc)), columns.flat["new"]


def test_a_branch_that_is_computed_from_them_is_told_with_its_cure():
    text, values = told("met/ht")

    assert "new branches are computed from values that mean missing: new (met of -999)" in text
    assert values[1] == -499.5
    cure = text.split("; ")[1].split(" in preproc")[0]
    assert cure == "where(met == -999, 0/0, met)"
    cured, values = told(f"{cure}/ht")
    assert not cured
    np.testing.assert_array_equal(values, [20, np.nan, 7.5])


@pytest.mark.parametrize("definition", ["ht*2", "where(met == -999, 0, met)", "met == -1"])
def test_one_that_reads_no_such_value_or_names_it_is_not_told(definition):
    assert told(definition)[0] == ""


def test_of_a_branch_that_is_no_feature_nobody_knows_its_values():
    assert "new (ht of 0)" in told("ht*2", features=("met",))[0]
