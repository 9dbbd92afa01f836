"""Looking for letters finds what looking for words finds, wherever it is."""

import pytest

from mlaas4hep.http.predict.letters import count, may_hold_truths

NUMBERS = b"[0.5, -1e-5], " * 4000
MANY = b'{"u": 1, "f": 2}, ' * 4000  #: letters of both words, and neither
PADDED = [b"", NUMBERS, MANY]


@pytest.mark.parametrize("before", PADDED)
@pytest.mark.parametrize("behind", PADDED)
@pytest.mark.parametrize("word", [b"true", b"false"])
def test_a_truth_is_found_wherever_it_is(before, word, behind):
    assert may_hold_truths(before + word + behind)


@pytest.mark.parametrize("before", PADDED)
@pytest.mark.parametrize("behind", PADDED)
@pytest.mark.parametrize("text", [b"", b"tru", b"rue", b"fals", b"alse", b"u", b"t", b"nul,tr"])
def test_parts_of_one_are_none(before, text, behind):
    assert not may_hold_truths(before + text + behind)


@pytest.mark.parametrize("place", range(60, 70))
def test_the_tries_end_with_no_word_overlooked(place):
    text = b"u" * place + b"true" + NUMBERS

    assert may_hold_truths(text)
    assert may_hold_truths(text.replace(b"u", b"f").replace(b"trfe", b"false"))


@pytest.mark.parametrize("text", [b"", b"a:b", NUMBERS, MANY, NUMBERS + b":"])
@pytest.mark.parametrize("letter", [b":", b",", b"u"])
def test_letters_are_counted(text, letter):
    assert count(text, letter) == text.count(letter)
