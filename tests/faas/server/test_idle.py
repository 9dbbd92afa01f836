"""A connection ends so long after its last request, and not before."""

import asyncio

import uvicorn
from uvicorn.server import ServerState

from tests.faas.server.doors import HOW, App, Patient, post

KEPT_S = 5


class Loop:
    """A loop whose time a test tells."""

    def __init__(self):
        self.now = 0.0
        self.timers = []

    def time(self):
        return self.now

    def call_later(self, delay_s, call, *args):
        timer = asyncio.TimerHandle(self.now + delay_s, call, args, self)
        self.timers.append(timer)
        return timer

    def get_debug(self):
        return False

    def _timer_handle_cancelled(self, timer):
        self.timers.remove(timer)

    def go_on_until(self, now):
        while due := [timer for timer in self.timers if timer.when() <= now]:
            first = min(due, key=asyncio.TimerHandle.when)
            self.timers.remove(first)
            self.now = first.when()
            first._run()
        self.now = now


class Line(asyncio.Transport):
    """A connection that counts what is answered."""

    def __init__(self):
        super().__init__()
        self.answers = 0
        self.is_open = True

    def write(self, data):
        self.answers += data.count(b"HTTP/1.1 200")

    def is_closing(self):
        return not self.is_open

    def close(self):
        self.is_open = False


def connection():
    config = uvicorn.Config(App(), timeout_keep_alive=KEPT_S, **HOW)
    config.load()
    loop, line = Loop(), Line()
    made = Patient(config, ServerState(), {}, loop)
    made.connection_made(line)
    return made, loop, line


def test_requests_put_the_end_off():
    made, loop, line = connection()
    for number in range(10):
        loop.go_on_until(number * (KEPT_S - 1))
        made.data_received(post(b"a"))

        assert line.answers == number + 1
        assert line.is_open
    loop.go_on_until(loop.now + KEPT_S - 0.1)
    assert line.is_open
    loop.go_on_until(loop.now + 0.1)
    assert not line.is_open


def test_all_answers_are_counted_and_one_timer_is_set():
    made, loop, line = connection()
    for _ in range(20):
        made.data_received(post(b"a"))

    assert made.server_state.total_requests == line.answers == 20
    assert len(loop.timers) == 1


def test_a_request_that_is_coming_when_the_timer_rings_is_answered():
    made, loop, line = connection()
    made.data_received(post(b"a"))
    made.data_received(post(b"a"))
    loop.go_on_until(KEPT_S - 1)
    made.data_received(post(b"abc")[:-1])
    loop.go_on_until(KEPT_S + 1)
    made.data_received(b"c")

    assert line.is_open
    assert line.answers == 3
