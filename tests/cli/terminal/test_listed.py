"""What lists say in few letters."""

from datetime import UTC, datetime, timedelta

import pytest

from mlaas4hep.cli.terminal.listed import age, duration, size


def test_an_age_is_told_in_words():
    before = datetime.now(UTC) - timedelta(hours=5)

    assert age(before.isoformat().replace("+00:00", "Z")) == "5 hours ago"
    assert age("") == ""


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1_240_000_000, "1.2 GB"), (56_700, "57 kB"), (2e16, "20000 TB")],
)
def test_bytes_are_told_in_the_unit_that_leaves_few_digits(count, told):
    assert size(count) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.84, "0.8 s"), (12.4, "12 s"), (320, "5 min 20 s"), (12_000, "3 h 20 min")],
)
def test_a_time_is_told_as_the_page_does(seconds, told):
    assert duration(seconds) == told
