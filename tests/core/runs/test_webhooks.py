"""When the end of a run is told, how often again, and how it is signed."""

import hashlib
import hmac
from dataclasses import replace

import pytest

from mlaas4hep.core.runs import webhooks
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.webhooks import Delivery, answered, due

ENDED = Run(
    owner="o",
    name="r_1",
    folder="r",
    number=1,
    id="1",
    created_at=0,
    updated_at=100,
    status=Status.DONE,
)


def test_a_run_that_goes_on_or_ended_long_ago_is_told_to_nobody():
    assert due(replace(ENDED, status=Status.TRAINING), None, 100) is None
    assert due(ENDED, None, 101 + webhooks.GIVEN_UP_S) is None


def test_what_nobody_received_is_told_again_later_and_later():
    now, tries = 100.0, []
    delivery = due(ENDED, None, now)
    while delivery is not None and len(tries) < 12:
        tries.append(delivery.next_at - now)
        assert due(ENDED, delivery, now) is None
        now = delivery.next_at
        delivery = due(ENDED, answered(delivery, 503), now)

    assert tries == sorted(tries)
    assert tries[0] >= 20 / 2
    assert max(tries) <= 3600


@pytest.mark.parametrize(
    ("status", "over"), [(200, True), (204, True), (410, True), (301, False), (None, False)]
)
def test_an_answer_ends_it_if_it_was_received_or_never_again(status, over):
    delivery = answered(due(ENDED, None, 100), status)

    assert delivery.is_over is over
    assert (due(ENDED, delivery, delivery.next_at) is None) is over


def test_another_attempt_is_told_for_itself():
    again = replace(ENDED, attempt=2)

    assert due(again, Delivery(attempt=1, is_over=True), 100).tries == 1


def test_a_signature_is_an_hmac_over_time_and_body_with_the_owners_secret():
    secret = webhooks.secret_of(b"deployment", "alice")
    expected = hmac.new(secret.encode(), b'7.{"a": 1}', hashlib.sha256).hexdigest()

    assert webhooks.signature(secret, 7, b'{"a": 1}') == f"t=7,v1={expected}"
    assert secret != webhooks.secret_of(b"deployment", "bob")
