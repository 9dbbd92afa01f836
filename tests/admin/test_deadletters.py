"""Events that could not be handled are tried again by one command."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.nats.archive import Message
from mlaas4hep.adapters.nats.provision import DEAD_STREAM, DEAD_SUBJECT, STREAM
from mlaas4hep.admin.deadletters import tried_again
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import RunFailed, RunSubmitted
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import Problem

RUN = Run(owner="o", name="r_1", folder="r", number=1, id="1", created_at=0, updated_at=0)
SUBMITTED = RunSubmitted(owner="o", run="r_1")
FAILED = RunFailed(owner="o", run="r_1", problem=Problem(code="x", message="no"))


@pytest.fixture
def platform(empty):
    return empty()


def bury(platform, data, headers=()):
    letter = Message(
        stream=DEAD_STREAM, sequence=0, subject=DEAD_SUBJECT, headers=headers, data=data
    )
    platform.nats.put(letter)


def told(platform):
    return [cloudevents.load_event(message.data) for message in platform.nats.messages(STREAM)]


def test_a_live_run_gets_its_event_again(platform):
    platform.services.runs.create(RUN)
    bury(platform, cloudevents.dump_event(SUBMITTED))

    (line,) = tried_again(platform)

    assert line.endswith("told again")
    assert told(platform) == [SUBMITTED]
    assert list(platform.nats.messages(DEAD_STREAM)) == []


def test_a_failed_run_begins_another_attempt_once(platform):
    platform.services.runs.create(RUN)
    platform.services.runs.apply([FAILED])
    for _ in range(2):
        bury(platform, cloudevents.dump_event(SUBMITTED))

    first, second = tried_again(platform)

    assert first.endswith("attempt 2")
    assert "dropped" in second
    assert platform.services.runs.get("o", "r_1").status is Status.SUBMITTED
    assert told(platform) == [replace(SUBMITTED, attempt=2)]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"{}", cloudevents.dump_event(SUBMITTED)])
def test_what_nobody_can_use_is_dropped(platform, data):
    bury(platform, data)

    (line,) = tried_again(platform)

    assert "dropped" in line
    assert list(platform.nats.messages(DEAD_STREAM)) == []
    assert told(platform) == []
