"""The values used last stay, up to what they weigh together."""

from mlaas4hep.newest import Newest


def test_the_value_not_used_for_longest_leaves_first():
    newest = Newest[str](2)
    for key in "ab":
        newest.put(key, key)
    newest.get("a")

    newest.put("c", "c")

    assert [newest.get(key) for key in "abc"] == ["a", None, "c"]


def test_weights_and_not_numbers_count():
    newest = Newest[str](5, len)
    for value in ("aa", "bb", "c", "dd"):
        newest.put(value, value)

    assert [newest.get(value) for value in ("aa", "bb", "c", "dd")] == [None, "bb", "c", "dd"]


def test_a_value_in_place_of_another_weighs_once():
    newest = Newest[str](5, len)
    for value in ("aaa", "aa", "a"):
        newest.put("same", value)
    newest.put("other", "bbbb")

    assert (newest.get("same"), newest.get("other")) == ("a", "bbbb")


def test_the_last_value_stays_however_much_it_weighs():
    newest = Newest[str](5, len)
    newest.put("a", "a")

    newest.put("long", "more than five")

    assert (newest.get("a"), newest.get("long")) == (None, "more than five")
