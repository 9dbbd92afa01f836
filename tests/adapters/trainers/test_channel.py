import os
import socket
from pathlib import Path

import pytest

from mlaas4hep.adapters.trainers.channel import Channel, Packet


@pytest.fixture
def ends():
    ours, theirs = Channel.pair()
    yield ours, theirs
    ours.close()
    theirs.close()


def test_packets_keep_their_borders_and_order(ends):
    ours, theirs = ends

    ours.send("One", b"1\n2")
    ours.send("Two")

    assert theirs.receive() == Packet(kind="One", body=b"1\n2")
    assert theirs.receive() == Packet(kind="Two")


def test_an_open_file_travels_even_when_it_is_deleted(ends, tmp_path):
    ours, theirs = ends
    path = tmp_path / "file"
    path.write_bytes(b"content")
    descriptor = os.open(path, os.O_RDONLY)

    ours.send("File", b"name", descriptor)
    os.close(descriptor)
    path.unlink()

    received = theirs.receive().descriptor
    assert os.read(received, 100) == b"content"
    os.close(received)


def test_nothing_comes_within_the_time(ends):
    assert ends[0].receive(timeout_s=0) is None
    assert ends[0].receive(timeout_s=0.01) is None


def test_a_closed_end_is_an_end_of_file(ends):
    ours, theirs = ends

    theirs.close()

    with pytest.raises(EOFError):
        ours.receive()
    with pytest.raises(EOFError):
        ours.send("Late")


def test_of_several_files_in_one_message_one_arrives_and_none_is_left_open(tmp_path):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    channel = Channel(ours)
    with theirs, (tmp_path / "file").open("w") as file:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for count in (1, 2, 3, 250):
            socket.send_fds(theirs, [b"File\nname"], [file.fileno()] * count)

            os.close(channel.receive().descriptor)

            assert len(list(Path("/proc/self/fd").iterdir())) == before
    channel.close()
