"""What comes in one turn of the event loop is asked together."""

import asyncio

import pytest

from mlaas4hep.faas.server.turn import MAX_TOGETHER, Head, Request, Turn


class Waiter:
    def __init__(self):
        self.heard = []
        self.has_given_up = False

    def hear(self, answer):
        self.heard.append(answer)

    def give_up(self):
        self.has_given_up = True


class Deaf(Waiter):
    def hear(self, answer):
        raise ValueError(answer)


def request(number):
    return Request(Head(b"/p", []), b"%d" % number)


def asked_in_one_turn(count):
    """Return the sizes of what was asked together, and what each waiter heard."""
    sizes, waiters = [], [Waiter() for _ in range(count)]

    def prompt(requests):
        sizes.append(len(requests))
        return [None if each.body.endswith(b"3") else each.body for each in requests]

    async def run():
        turn = Turn(asyncio.get_running_loop(), prompt)
        for number, waiter in enumerate(waiters):
            turn.add(waiter, request(number))
        await asyncio.sleep(0)
        turn.end()

    asyncio.run(run())
    return sizes, [waiter.heard for waiter in waiters]


def test_requests_of_one_turn_are_asked_together_and_each_hears_its_own_answer():
    assert asked_in_one_turn(5) == ([5], [[b"0"], [b"1"], [b"2"], [None], [b"4"]])


def test_a_request_of_the_only_connection_is_answered_at_once():
    first, second = Waiter(), Waiter()

    async def run():
        turn = Turn(asyncio.get_running_loop(), lambda requests: [each.body for each in requests])
        turn.add(first, request(1), is_alone=True)
        told = list(first.heard)
        turn.add(second, request(2))
        turn.add(first, request(3), is_alone=True)  # the other connection has just gone
        return told

    assert asyncio.run(run()) == [b"1"]
    assert (first.heard, second.heard) == ([b"1", b"3"], [b"2"])


def test_a_turn_without_requests_asks_nothing():
    assert asked_in_one_turn(0) == ([], [])


def test_those_who_came_first_do_not_wait_for_very_many():
    sizes, heard = asked_in_one_turn(MAX_TOGETHER + 2)

    assert sizes == [MAX_TOGETHER, 2]
    assert [len(each) for each in heard] == [1] * (MAX_TOGETHER + 2)


def ended(prompt, waiters):
    """End a turn with the last of its requests."""

    async def run():
        turn = Turn(asyncio.get_running_loop(), prompt)
        for number, waiter in enumerate(waiters):
            turn.add(waiter, request(number), is_alone=number == len(waiters) - 1)

    asyncio.run(run())


def test_who_cannot_be_answered_gives_up_and_all_others_hear_their_answers():
    waiters = [Waiter(), Deaf(), Waiter(), Deaf(), Waiter()]

    ended(lambda requests: [each.body for each in requests], waiters)

    assert [each.heard for each in waiters] == [[b"0"], [], [b"2"], [], [b"4"]]
    assert [each.has_given_up for each in waiters] == [False, True, False, True, False]


@pytest.mark.parametrize("answers", [[b"0"], [b"0", b"1", b"2", b"3"]], ids=["few", "many"])
def test_answers_of_another_number_than_requests_are_given_to_nobody(answers):
    waiters = [Waiter() for _ in range(3)]

    ended(lambda _requests: answers, waiters)

    assert [each.heard for each in waiters] == [[None]] * 3


def test_if_nothing_can_be_answered_at_once_all_requests_go_the_general_way():
    def prompt(_requests):
        raise KeyError("a bug")

    waiters = [Waiter() for _ in range(3)]

    ended(prompt, waiters)

    assert [each.heard for each in waiters] == [[None]] * 3
