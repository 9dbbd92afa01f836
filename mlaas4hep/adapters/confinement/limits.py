"""Resource limits of a confined process (setrlimit(2))."""

import os
import resource

LARGEST_FILE = 4 * 1024**3
OPEN_FILES = 1024
TIMERS = 256  #: and queued signals; without a limit one process takes those of all of its user
SPARE_ADDRESSES = 64 * 1024**3  #: bytes that libraries map beside their memory, and never touch
THREADS = 512 + 8 * (os.cpu_count() or 1)  #: libraries have pools as large as the machine


def limit(memory_bytes: int, cpu_seconds: int, file_bytes: int = LARGEST_FILE) -> None:
    """Limit memory, size and number of files, timers, and processor time if `cpu_seconds` is not 0."""
    for which, most in (
        (resource.RLIMIT_DATA, memory_bytes),  # not _AS: TensorFlow maps far more than it uses
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_MSGQUEUE, 0),
        (resource.RLIMIT_SIGPENDING, TIMERS),
    ):
        _lower(which, most)
    if cpu_seconds:
        _lower(resource.RLIMIT_CPU, cpu_seconds)


def allow_seconds(seconds: float) -> None:
    """Let the kernel end this process when it computes for longer, from now on, than an answer may take."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def limit_addresses(memory_bytes: int) -> None:
    """Limit what is mapped: tables of pages that are only read are memory that nothing else counts.

    Not where a GPU may be used: its driver maps more than there is.
    """
    _lower(resource.RLIMIT_AS, memory_bytes + SPARE_ADDRESSES)


def limit_threads() -> None:
    """Limit threads; only in a user namespace of its own, else all of the user's would count."""
    _lower(resource.RLIMIT_NPROC, THREADS)


def _lower(which: int, most: int) -> None:
    hard = resource.getrlimit(which)[1]
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(which, (least, least))
