"""Silence while libraries work that print about themselves into a person's log."""

import io
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

_STANDARD = (1, 2)  #: descriptors of output and errors, which C++ writes to


@contextmanager
def silence() -> Iterator[None]:
    """Keep what is printed meanwhile from the log; errors that are raised say enough."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    kept = [os.dup(each) for each in _STANDARD]
    try:
        with tempfile.TemporaryFile() as nowhere:
            for each in _STANDARD:
                os.dup2(nowhere.fileno(), each)
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                yield
    finally:
        for each, back in zip(_STANDARD, kept, strict=True):
            os.dup2(back, each)
            os.close(back)
