"""On a machine whose processors others have, a model gets its time nevertheless, or is not blamed."""

import os
import pickle
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.runtimes.confined.allowance import HEAVY
from mlaas4hep.adapters.runtimes.confined.processortime import OwnTime
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ServiceUnavailableError
from tests.adapters.runtimes.confined.programs import Runs

ENDLESS = "while True: pass"
COMPETITORS = 16


@pytest.fixture
def load():
    """Return a function that loads a program as a model, always the same, in a second."""
    runtimes = Runtimes({"native": replace(HEAVY, load_s=1.0)})
    store = MemoryStore(lambda: 0.0)
    record = ModelRecord(owner="o", name="m", version="v", files=("model.pickle",))

    def load(program):
        key = keys.model_file("o", "m", "v", "model.pickle")
        store.put(key, pickle.dumps(Runs(program)))
        return runtimes.load(store, record)

    return load


@contextmanager
def crowded():
    """Let this process, and what it starts, have one processor, which others want all of."""
    free = os.sched_getaffinity(0)
    _pin({min(free)})
    command = [sys.executable, "-S", "-c", ENDLESS]
    others = [subprocess.Popen(command, start_new_session=True) for _ in range(COMPETITORS)]
    try:
        yield others
    finally:
        for each in others:
            each.kill()
            each.wait()
        _pin(free)


def _pin(processors):
    """Give all threads these processors: children are started by a thread of their own."""
    for thread in Path("/proc/self/task").iterdir():
        with suppress(ProcessLookupError):  # it ended
            os.sched_setaffinity(int(thread.name), processors)


def test_what_waits_for_a_processor_has_had_less_time_than_has_passed():
    with crowded() as others:
        own = OwnTime(others[0].pid)
        while own.took_seconds - own.seconds < 0.1:
            os.sched_yield()

        assert own.seconds < own.took_seconds


def test_a_model_that_got_no_processor_is_not_shut_out(load):
    for _ in range(2):  # the second time nobody says that it is not asked again
        with crowded(), pytest.raises(ServiceUnavailableError, match="this machine is too busy"):
            load(ENDLESS)


def test_a_model_that_had_its_time_is_shut_out(load):
    assert "took more than 1 s for being loaded" in _told(load, ENDLESS)
    assert "it is not asked again for" in _told(load, ENDLESS)


def test_a_model_that_sleeps_has_had_its_time(load):
    assert "took more than 1 s for being loaded" in _told(load, "import time; time.sleep(99)")


def _told(load, program):
    """Return what is told of a program that does not end, when this machine had time for it."""
    while True:
        with pytest.raises(ServiceUnavailableError) as caught:
            load(program)
        if "this machine is too busy" not in str(caught.value):
            return str(caught.value)
