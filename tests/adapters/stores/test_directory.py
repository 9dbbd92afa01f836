"""A store in a folder: what killed processes leave behind, and what many writers see."""

import io
import os
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.errors import ConflictError

LONG_AGO = (0, 0)


def test_what_a_killed_process_wrote_half_is_removed_by_the_next(tmp_path):
    DirectoryStore(tmp_path, "runs")
    half = tmp_path / ".incoming" / "half"
    half.write_bytes(b"ha")
    os.utime(half, LONG_AGO)

    DirectoryStore(tmp_path, "runs")

    assert not half.exists()


def test_a_write_that_goes_on_is_left_alone(tmp_path):
    store = DirectoryStore(tmp_path, "runs")

    class Slow(io.BytesIO):
        def read(self, size=-1):
            for path in (tmp_path / ".incoming").iterdir():
                os.utime(path, LONG_AGO)
            DirectoryStore(tmp_path, "runs")  # another function starts meanwhile
            return super().read(size)

    store.put_stream("o/a", Slow(b"whole"), 100)

    assert store.get("o/a") == b"whole"


def test_below_an_object_lies_no_other_one(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, "bucket")
    store.put("a", b"")

    with pytest.raises(ConflictError):
        store.put("a/b", b"")
    store.put("c/d", b"")
    with pytest.raises(ConflictError):
        store.put("c", b"")
    assert [info.key for info in store.list("")] == ["a", "c/d"]


def test_every_write_in_a_folder_has_another_etag(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, "bucket")
    etags = set()
    for _ in range(200):
        store.put("key", b"same")
        info = store.info("key")
        assert info is not None
        etags.add(info.etag)

    assert len(etags) == 200


def test_folders_may_come_and_go_while_others_write(tmp_path: Path) -> None:
    store = DirectoryStore(tmp_path, "bucket")

    def churn(number: int) -> None:
        for _ in range(50):
            store.put(f"a/b/{number}", b"x")
            store.delete(f"a/b/{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(churn, range(8)))

    assert list(store.list("")) == []


def test_a_killed_writer_leaves_the_old_object_or_the_new_one(tmp_path: Path) -> None:
    program = f"""
        from pathlib import Path
        from mlaas4hep.adapters.stores.directory import DirectoryStore
        store = DirectoryStore(Path({str(tmp_path)!r}), "bucket")
        print("writing", flush=True)
        for number in range(10**9):
            store.put("key", bytes([number % 256]) * 3_000_000)
    """
    writer = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE
    )
    store = DirectoryStore(tmp_path, "bucket")
    store.put("key", b"\0" * 3_000_000)
    before = store.info("key")
    while store.info("key") == before:
        assert writer.poll() is None
    writer.kill()
    writer.communicate()

    content = store.get("key")
    assert content == content[:1] * 3_000_000
    assert [info.key for info in store.list("")] == ["key"]
