"""What a function does to its process."""

import subprocess
import sys

_FAULTS = """
import resource, sys
import numpy as np
from mlaas4hep.faas.function import keep_freed_memory

def chunks():
    return [np.ones(2**17) for _ in range(8)]

if sys.argv[1] == "kept":
    keep_freed_memory()
chunks()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
chunks()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PAGES = 8 * 2**20 // 4096


def _new_pages(how):
    done = subprocess.run(
        [sys.executable, "-c", _FAULTS, how], stdout=subprocess.PIPE, check=True, text=True
    )
    return int(done.stdout)


def test_memory_that_was_freed_is_used_again():
    assert _new_pages("kept") < PAGES / 10
    assert _new_pages("not kept") > PAGES / 2
