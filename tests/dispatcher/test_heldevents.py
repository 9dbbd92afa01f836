from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.dispatcher.heldevents import HeldEvents, mark
from tests.dispatcher.events import message

FIRST, SECOND = (RunSubmitted(owner="a", run=f"luca_{number}") for number in (1, 2))


def test_an_echo_is_held_once_and_settled_by_its_newest_copy() -> None:
    held = HeldEvents()
    first = held.receive(message(FIRST, 1, 10), FIRST)
    echo = message(FIRST, 1, 10, consumed=2)

    assert held.receive(echo, FIRST) is None
    assert first is not None
    assert first.message is echo
    assert first.told_at == 10
    assert len(held) == 1


def test_a_message_with_the_number_of_one_of_the_former_stream_is_another_event() -> None:
    held = HeldEvents()
    first = held.receive(message(FIRST, 3, 10), FIRST)
    second = held.receive(message(SECOND, 3, 20), SECOND)

    assert first is not None
    assert second is not None
    assert first.message is None  # nothing is said about it in the new stream
    assert second.message is not None
    assert [event.run for event in held.events()] == ["luca_1", "luca_2"]
    assert len(held) == 1


def test_an_event_of_the_former_stream_that_is_told_again_is_settled_in_the_new_one() -> None:
    held = HeldEvents()
    first = held.receive(message(FIRST, 3, 10), FIRST)
    held.stream_is_gone()
    again = message(FIRST, 1, 20)

    assert held.receive(again, FIRST) is None
    assert first is not None
    assert first.message is again


def test_what_comes_late_or_again_is_of_the_same_stream() -> None:
    held = HeldEvents()
    second = held.receive(message(SECOND, 4, 20), SECOND)
    held.receive(message(FIRST, 3, 10), FIRST)

    assert second is not None
    assert second.message is not None
    assert len(held) == 2


def test_what_was_given_back_counts_until_it_comes_or_is_overdue() -> None:
    held = HeldEvents()
    first = held.receive(message(FIRST, 1, 10), FIRST)
    assert first is not None

    held.leave(first, again_in_s=60)
    waiting = [event.run for event in held.events()]
    again = held.receive(message(FIRST, 1, 10, consumed=2), FIRST)
    assert again is not None
    held.leave(again, again_in_s=-60)

    assert waiting == ["luca_1"]
    assert list(held.events()) == []
    assert len(held) == 0


def test_no_two_messages_of_any_streams_have_the_same_mark() -> None:
    marks = {mark(message(FIRST, *each)) for each in ((1, 10), (1, 20), (2, 20))}

    assert len(marks) == 3
