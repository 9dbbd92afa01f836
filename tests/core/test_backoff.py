"""One back-off for client, dispatcher and laptop."""

import pytest

from mlaas4hep.core.backoff import backoff_s


@pytest.mark.parametrize(
    ("failures", "pause"), [(0, 0.5), (1, 1.0), (2, 2.0), (3, 3.0), (4, 3.0), (100_000, 3.0)]
)
def test_pauses_double_up_to_the_longest(failures, pause):
    assert backoff_s(failures, first_s=0.5, longest_s=3.0) == pause
