import pytest

from mlaas4hep.core.models.columngroups import column_groups
from mlaas4hep.errors import InvalidRequestError

COLUMNS = ("met", "ht", "Jet_pt_0", "Jet_pt_1", "Jet_eta_0")


def test_patterns_name_columns_or_whole_branches():
    inputs = [("jets", ["Jet_eta", "Jet_*"]), ("event", ["met", "ht", "met"])]

    assert column_groups(COLUMNS, inputs) == (("jets", (4, 2, 3)), ("event", (0, 1)))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([("jets", ["Jets_*"])], r"inputs\.jets: 'Jets_\*' fits no column"),
        ([("jets", ["Jet_*"])], "no pattern of inputs fits met, ht"),
    ],
)
def test_a_pattern_or_a_column_that_is_left_over_is_named(inputs, message):
    with pytest.raises(InvalidRequestError, match=message):
        column_groups(COLUMNS, inputs)
