"""What a training process hides is counted: files without names, folders without bottom."""

import math
import mmap
import os
import socket
import tempfile

from mlaas4hep.adapters.confinement.limits import LARGEST_FILE
from mlaas4hep.adapters.trainers.parent import usage


def test_an_open_file_without_a_name_counts_with_its_size(tmp_path):
    before = sum(usage.open_unlinked(os.getpid()).values())

    with tempfile.TemporaryFile(dir=tmp_path) as file:
        file.write(bytes(1024**2))
        file.flush()

        assert sum(usage.open_unlinked(os.getpid()).values()) - before >= 1024**2


def test_a_mapped_file_without_name_or_descriptor_may_be_as_large_as_any(tmp_path):
    path = tmp_path / "mapped"
    path.write_bytes(bytes(4096))
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED)
        inode = os.fstat(file.fileno()).st_ino
    path.unlink()

    found = {key[1]: size for key, size in usage.mapped_unlinked(os.getpid()).items()}

    mapped.close()
    assert found[inode] == LARGEST_FILE


def test_a_list_of_maps_that_takes_long_to_look_through_has_no_end():
    assert usage.mapped_unlinked(os.getpid(), most_bytes=100) == {(0, 0): math.inf}


def test_files_that_lie_unread_in_the_socket_are_counted(tmp_path):
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, (tmp_path / "file").open("w") as file:
        for _ in range(3):
            socket.send_fds(theirs, [b"x"], [file.fileno()])

        assert usage.sent_files(ours.fileno()) == 3
        assert usage.sent_files(theirs.fileno()) == 0


def test_files_of_all_folders_are_counted(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "large").write_bytes(b"x" * 100_000)

    assert 100_000 <= usage.folder_bytes(tmp_path) < 200_000


def test_folders_deeper_than_anybody_needs_have_no_end(tmp_path):
    tmp_path.joinpath(*"abcdefghijklmnopqr").mkdir(parents=True)

    assert usage.folder_bytes(tmp_path) == math.inf


def test_more_files_than_anybody_needs_have_no_end(tmp_path):
    for number in range(10_001):
        (tmp_path / str(number)).touch()

    assert usage.folder_bytes(tmp_path) == math.inf


def test_a_folder_that_is_gone_is_empty(tmp_path):
    assert usage.folder_bytes(tmp_path / "gone") == 0


def test_memory_and_threads_of_a_process_are_seen():
    memory_bytes, threads = usage.memory_and_threads(os.getpid())

    assert memory_bytes > 1024**2
    assert threads >= 1
    assert usage.memory_and_threads(2**22 + 1) == (0, 0)
