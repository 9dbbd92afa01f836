"""What one process has is shared out among those who ask, and some is left for who comes new."""

import pytest

from mlaas4hep.core.shares import Shares


def filled(callers: int, whole: int = 9000, most: int = 4000) -> Shares[str]:
    """Let each caller take ever one more, in turns, until nobody may."""
    shares: Shares[str] = Shares(whole)
    some = True
    while some:
        some = False
        for number in range(callers):
            if shares.fits(f"c{number}", 1, most):
                shares.add(f"c{number}", 1)
                some = True
    return shares


@pytest.mark.parametrize(("callers", "each"), [(1, 4000), (2, 3000), (8, 1000), (89, 100)])
def test_however_many_take_what_they_can_a_newcomer_finds_as_much(callers, each):
    shares = filled(callers)

    assert [shares.of(f"c{number}") for number in range(callers)] == [each] * callers
    assert shares.fits("new", each, 4000)


def test_a_single_piece_may_be_larger_than_a_share_but_not_than_what_is_free():
    shares: Shares[str] = Shares(100)

    assert shares.fits("a", 1000, 10)
    with shares.taken("b", 60):
        assert shares.fits("a", 40, 10)
        assert not shares.fits("a", 41, 10)
        assert not shares.fits("b", 1, 60)
    assert shares.fits("b", 61, 60)


def test_what_was_given_back_is_free_again():
    shares: Shares[str] = Shares(10)

    with shares.taken("a", 5):
        taken = shares.of("a")

    assert (taken, shares.of("a")) == (5, 0)
    assert shares.fits("b", 10, 10)
