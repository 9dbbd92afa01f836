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

_MAPPED = """
import mmap, os
from mlaas4hep.faas.server.memory import limit_memory

machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
half = machine // 2, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
pools = [mmap.mmap(-1, *half), mmap.mmap(-1, *half)]
limit_memory()
mmap.mmap(-1, *half)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")


def test_who_asks_for_more_than_there_is_gets_an_error_and_children_may_have_another_limit():
    said = subprocess.run(
        [sys.executable, "-c", _PROGRAM], capture_output=True, text=True, check=True
    ).stdout

    assert said == "True True\n"


def test_what_libraries_mapped_before_and_do_not_use_is_not_counted():
    subprocess.run([sys.executable, "-c", _MAPPED], check=True)
