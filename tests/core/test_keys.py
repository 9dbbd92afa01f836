"""Names that people give become parts of keys only when they are safe everywhere."""

import pytest

from mlaas4hep.core import keys
from mlaas4hep.errors import InvalidRequestError


@pytest.mark.parametrize("name", ["luca", "luca_1", "a.b", "A-9", "x" * 64])
def test_plain_names_are_kept(name: str) -> None:
    assert keys.checked_name(name) == name


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a..b", "a.", "_a", "a/b", "a b", "a;rm", "é", "a\n", "x" * 65, "$(id)"]
)
def test_other_names_are_refused_with_the_rule(name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        keys.checked_name(name)

    assert "A-Z" in caught.value.problem.hint


def test_a_digest_depends_on_content_and_not_on_the_order_of_keys() -> None:
    assert keys.digest({"a": 1, "b": 2}) == keys.digest({"b": 2, "a": 1})
    assert keys.digest("a", "b") != keys.digest("ab")


def test_the_same_subject_at_two_issuers_is_two_owners() -> None:
    assert keys.owner("https://a", "luca") != keys.owner("https://b", "luca")
