"""The garbage collector is off only as long as it only costs."""

import gc

import pytest

from mlaas4hep.core.collector import no_collection


def test_it_is_off_inside_and_on_again_behind():
    with no_collection():
        inside = gc.isenabled()

    assert not inside
    assert gc.isenabled()


def test_it_is_on_again_behind_an_error():
    with pytest.raises(ZeroDivisionError), no_collection():
        1 / 0  # noqa: B018 - it is there to be raised

    assert gc.isenabled()


def test_it_stays_off_where_it_was_off():
    with no_collection():
        with no_collection():
            pass
        assert not gc.isenabled()
