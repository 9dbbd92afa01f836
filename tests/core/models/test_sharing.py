import pytest

from mlaas4hep.core.models.sharing import checked_groups
from mlaas4hep.errors import InvalidRequestError


def test_names_of_groups_stay_as_they_are():
    assert checked_groups(["physics", "cms/ttH", "Über uns"]) == ("physics", "cms/ttH", "Über uns")


@pytest.mark.parametrize(
    ("groups", "says"),
    [
        (["a"] * 101, "groups has 101 texts, more than 100"),
        (["a" * 257], "groups has a name of 257 characters, more than 256"),
        (["a", ""], "groups has '', which is no name"),
        (["a\nb"], "which is no name"),
        (["\0"], "which is no name"),
        (["\u202eslausiv"], "which is no name"),
    ],
)
def test_what_would_fill_every_list_of_models_is_refused(groups, says):
    with pytest.raises(InvalidRequestError, match=says):
        checked_groups(groups)
