"""What libraries print about themselves stays out of a person's log."""

import os
from pathlib import Path

import pytest

from mlaas4hep.adapters.trainers.silence import silence


def test_what_is_printed_meanwhile_is_gone_and_what_comes_before_and_after_is_not(capfd):
    print("before")  # noqa: T201 - held by Python until somebody flushes

    with silence():
        print("held")  # noqa: T201
        os.write(1, b"of C++\n")
        os.write(2, b"and its errors\n")
    os.write(2, b"after\n")

    assert capfd.readouterr() == ("before\n", "after\n")


def test_an_error_ends_it(capfd):
    descriptors = len([*Path("/proc/self/fd").iterdir()])

    with pytest.raises(ValueError, match="of a library"), silence():
        raise ValueError("of a library")
    os.write(1, b"heard\n")

    assert capfd.readouterr().out == "heard\n"
    assert len([*Path("/proc/self/fd").iterdir()]) == descriptors
