import json
import math
import socket
import struct
import threading
import tracemalloc

import numpy as np
import pytest

from mlaas4hep.adapters.children import frames


@pytest.fixture
def ends():
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def announced(message, size=0):
    """Return a frame without its body."""
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return struct.pack("<IQ", len(text), size) + text


def test_arrays_and_strings_arrive_as_they_were(ends):
    words = np.array([[b"ab", b""], [b"\xff", "é".encode()]], object)
    numbers = np.arange(6, dtype=np.int16).reshape(2, 3)
    flags, nothing = np.array([True, False]), np.zeros((0, 3), ">f8")

    given = {"words": words, "numbers": numbers, "flags": flags, "nothing": nothing}
    frames.send(ends[0], {"signature": "s"}, given)
    head, arrays = frames.receive(ends[1])

    assert head == {"signature": "s"}
    assert arrays["words"].tolist() == words.tolist()
    for name in ("numbers", "flags", "nothing"):
        np.testing.assert_array_equal(arrays[name], given[name])
        assert arrays[name].dtype == given[name].dtype


@pytest.mark.parametrize("size", [3_000_001, 9_000_001])
def test_arrays_that_are_long_arrive_as_they_were(ends, size):
    values = np.arange(size, dtype=np.uint8)
    sending = threading.Thread(target=frames.send, args=(ends[0], {}, {"x": values}))
    sending.start()

    _, arrays = frames.receive(ends[1], within_s=60)
    sending.join()

    np.testing.assert_array_equal(arrays["x"], values)


@pytest.mark.parametrize(
    ("message", "body"),
    [
        ({"head": {}, "arrays": [["x", "strings", [1]]]}, struct.pack("<I", 100) + b"ab"),
        ({"head": {}, "arrays": [["x", "strings", [2**40]]]}, b""),
        ({"head": {}, "arrays": [["x", "strings", [100_000_000]]]}, b""),
        ({"head": {}, "arrays": [["x", "<f4", [2]]]}, b"1234"),
        ({"head": {}, "arrays": [["x", "<f4", [2**62, 2**62, 2**62]]]}, b""),
        ({"head": {}, "arrays": [["x", "<f4", [2**62] * 3_000]]}, b""),
        ({"head": {}, "arrays": [["x", "<f4", [-1]]]}, b"1234"),
        ({"head": {}, "arrays": [["x", "<f4", [0, 2**62, 2**62]]]}, b""),
        ({"head": {}, "arrays": [["x", "<f4", [True]]]}, b"1234"),
        ({"head": {}, "arrays": [["x", "<f4", "11"]]}, b"1234"),
        ({"head": {}, "arrays": [["x", "O", [1]]]}, b"12345678"),
        ({"head": {}, "arrays": [["x", "f4,f4", [1]]]}, b"12345678"),
        ({"head": {}, "arrays": [["x", ["f4"], [1]]]}, b"12345678"),
        ({"head": {}, "arrays": [["x", "<f77", [1]]]}, b"12345678"),
        ({"head": {}, "arrays": [[]]}, b""),
        ({"head": {}, "arrays": 7}, b""),
        ({"head": 7, "arrays": []}, b""),
        ({"head": {"error": "\ud800"}, "arrays": []}, b""),
        ([], b""),
        (b"[" * 50_000, b""),
        (b"\xff", b""),
        (b'{"head": {}, "arrays": [["x", "<f4", [%b]]]}' % (b"9" * 5000), b""),
    ],
)
def test_whatever_is_no_frame_is_refused(ends, message, body):
    ends[0].sendall(announced(message, len(body)) + body)

    with pytest.raises(frames.FrameError):
        frames.receive(ends[1])


@pytest.mark.parametrize("head", [struct.pack("<IQ", 2**31, 0), struct.pack("<IQ", 2, 2**31)])
def test_a_frame_that_is_too_long_is_refused_by_its_lengths(ends, head):
    ends[0].sendall(head)

    with pytest.raises(frames.FrameError, match="a frame of"):
        frames.receive(ends[1], most_bytes=2**30)


def test_no_room_is_made_for_what_is_only_announced(ends):
    ends[0].sendall(announced({"head": {}, "arrays": []}, size=2**29) + b"little")
    ends[0].shutdown(socket.SHUT_WR)
    tracemalloc.start()

    with pytest.raises(EOFError):
        frames.receive(ends[1], within_s=60)

    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most_bytes < 2**24


def test_a_frame_that_comes_letter_by_letter_is_given_up(ends):
    given_up = threading.Event()

    def dribble():
        ends[0].sendall(struct.pack("<IQ", 2**20, 0))
        while not given_up.wait(0.01):
            ends[0].sendall(b" ")

    dribbling = threading.Thread(target=dribble)
    dribbling.start()

    with pytest.raises(TimeoutError):
        frames.receive(ends[1], within_s=0.3)

    given_up.set()
    dribbling.join()


def test_who_waits_for_ever_may(ends):
    later = threading.Thread(target=frames.send, args=(ends[0], {"a": 1}, {}))
    later.start()

    assert frames.receive(ends[1], within_s=math.inf) == ({"a": 1}, {})
    later.join()
