import socket

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.confined import frames


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def test_arrays_and_strings_arrive_as_they_were(ends):
    words = np.array([[b"ab", b""], [b"\xff", "é".encode()]], object)
    numbers = np.arange(6, dtype=np.int16).reshape(2, 3)

    frames.send(ends[0], {"signature": "s"}, {"words": words, "numbers": numbers})
    head, arrays = frames.receive(ends[1])

    assert head == {"signature": "s"}
    assert arrays["words"].tolist() == words.tolist()
    np.testing.assert_array_equal(arrays["numbers"], numbers)


def test_strings_that_end_behind_the_frame_are_refused():
    body = bytearray(np.array([100], "<u4").tobytes() + b"ab")

    with pytest.raises(ValueError, match="ends behind"):
        frames._arrays([["words", "strings", [1]]], body)
