"""MLAAS_DISPATCHER_LIMITS: how many calls of each function there may be at once."""

import pytest

from mlaas4hep.dispatcher.__main__ import parse_limits
from mlaas4hep.settings import SettingsError


def test_limits_are_read_from_the_settings() -> None:
    assert parse_limits("specs=2, train=1") == {"specs": 2, "train": 1}


@pytest.mark.parametrize("text", ["spec=2", "specs=none", "specs=0", "specs"])
def test_a_limit_that_is_none_is_quoted(text: str) -> None:
    with pytest.raises(SettingsError, match=text):
        parse_limits(text)
