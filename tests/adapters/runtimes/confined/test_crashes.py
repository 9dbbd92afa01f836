"""Files that break the library which reads them are refused; what ends otherwise may be tried again."""

import pickle

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from tests.adapters.runtimes.confined.programs import Runs


def _load(program):
    store = MemoryStore(lambda: 0.0)
    store.put(keys.model_file("o", "m", "v", "model.pickle"), pickle.dumps(Runs(program)))
    record = ModelRecord(owner="o", name="m", version="v", files=("model.pickle",))
    return Runtimes().load(store, record)


@pytest.mark.parametrize("fault", ["SIGSEGV", "SIGABRT"])
def test_a_file_that_breaks_its_library_is_refused(fault):
    with pytest.raises(InvalidRequestError, match="it breaks the library that reads it"):
        _load(f"import os, signal; os.kill(os.getpid(), signal.{fault})")


@pytest.mark.parametrize("end", ["os._exit(0)", "os.kill(os.getpid(), 9)"])
def test_a_process_that_ends_otherwise_may_be_tried_again(end):
    with pytest.raises(ServiceUnavailableError, match="the process of model 'm' ended"):
        _load(f"import os; {end}")


@pytest.mark.parametrize(
    ("program", "says"),
    [
        ("import os\nwhile True: os.fork()", "not permitted"),
        ("import os; os.kill(os.getppid(), 9)", "not permitted"),
        ("import os; os.kill(-1, 9)", "not permitted"),
        ("import socket; socket.create_connection(('127.0.0.1', 1))", "not permitted"),
        ("open('/etc/passwd').read()", "denied"),
        ("import os; os.listdir('/proc')", "denied"),
        ("open('here', 'w')", "Read-only|denied"),
        (
            "import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,)).start()",
            "start new thread",
        ),
    ],
)
def test_a_pickle_that_is_a_program_harms_nobody(program, says):
    with pytest.raises(InvalidRequestError, match=says):
        _load(program)


_SPEAKS = """
import os, socket, struct, time
for number in range(3, 64):
    try:
        end = socket.socket(fileno=number)
        if end.family == socket.AF_UNIX:
            break
    except OSError:
        pass
"""


@pytest.mark.parametrize(
    ("said", "says"),
    [
        ("end.sendall(bytes([255]) * 1000)", "a frame of"),
        ("end.sendall(struct.pack('<QQ', 2**62, 2**62) + bytes(1000))", "a frame of"),
        ("end.sendall(bytes(1000000))", "a frame that cannot be read"),
        ("socket.send_fds(end, [b'x' * 64], [0] * 100)", "a frame of"),
    ],
)
def test_a_program_that_answers_in_place_of_its_process_is_ended(said, says):
    with pytest.raises(ServiceUnavailableError, match=f"the process of model 'm' ended: {says}"):
        _load(f"{_SPEAKS}{said}\ntime.sleep(1000)")
