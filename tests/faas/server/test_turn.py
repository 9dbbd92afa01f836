"""What comes in one turn of the event loop is asked together."""

import asyncio

from mlaas4hep.faas.server.turn import MAX_TOGETHER, Request, Turn


class Waiter:
    def __init__(self):
        self.heard = []

    def hear(self, answer):
        self.heard.append(answer)


def request(number):
    return Request(b"/p", [], b"%d" % number)


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


def test_a_turn_without_requests_asks_nothing():
    assert asked_in_one_turn(0) == ([], [])


def test_those_who_came_first_do_not_wait_for_very_many():
    sizes, heard = asked_in_one_turn(MAX_TOGETHER + 2)

    assert sizes == [MAX_TOGETHER, 2]
    assert [len(each) for each in heard] == [1] * (MAX_TOGETHER + 2)
