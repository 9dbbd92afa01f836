"""Docker's words for how long ago."""

from dataclasses import replace

import pytest

from mlaas4hep.core.runs.dockerstatus import docker_status
from mlaas4hep.core.runs.durations import clock_time, human
from mlaas4hep.core.runs.run import Run, Status

RUN = Run(owner="a", name="luca_1", folder="luca", number=1, created_at=100.0, updated_at=160.0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "Less than a second"),
        (0.4, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (7200, "2 hours"),
        (47 * 3600, "47 hours"),
        (72 * 3600, "3 days"),
    ],
)
def test_durations_are_said_as_docker_says_them(seconds, words):
    assert human(seconds) == words


def test_a_run_is_up_until_it_has_exited():
    assert docker_status(RUN, 108.0) == "Up 8 seconds"
    assert docker_status(replace(RUN, status=Status.DONE), 165.0) == "Exited (0) 5 seconds ago"
    assert docker_status(replace(RUN, status=Status.FAILED), 165.0).startswith("Exited (1)")
    assert docker_status(replace(RUN, status=Status.CANCELLED), 165.0).startswith("Exited (137)")


def test_times_are_utc_to_the_millisecond():
    assert clock_time(0.5) == "1970-01-01T00:00:00.500Z"
