import subprocess
import sys

import pytest

_PROGRAM = """
import mmap, os, resource
from mlaas4hep.faas.server.memory import limit_memory

machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
limit_memory()
limit, hard = resource.getrlimit(resource.RLIMIT_DATA)
try:
    bytearray(machine)
except MemoryError:
    print(0 < limit < machine, hard == resource.RLIM_INFINITY)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")
def test_who_asks_for_more_than_there_is_gets_an_error_and_children_may_have_another_limit():
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    ).stdout

    assert said == "True True\n"
