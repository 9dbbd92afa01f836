"""Resource limits of a confined process (setrlimit(2))."""

import os
import resource

LARGEST_FILE = 4 * 1024**3
OPEN_FILES = 1024
THREADS = 512 + 8 * (os.cpu_count() or 1)  #: libraries have pools as large as the machine


def limit(memory_bytes: int, cpu_seconds: int) -> None:
    """Limit memory, size and number of open files, and processor time if `cpu_seconds` is not 0."""
    for which, most in (
        (resource.RLIMIT_DATA, memory_bytes),  # not _AS: TensorFlow maps far more than it uses
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _lower(which, most)
    if cpu_seconds:
        _lower(resource.RLIMIT_CPU, cpu_seconds)


def limit_threads() -> None:
    """Limit threads; only in a user namespace of its own, else all of the user's would count."""
    _lower(resource.RLIMIT_NPROC, THREADS)


def _lower(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (least, least))
