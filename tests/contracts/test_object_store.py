import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.errors import (
    ConflictError,
    InvalidRequestError,
    NotFoundError,
    TooLargeError,
)
from mlaas4hep.ports import ObjectStore
from tests.contracts.buckets import s3_store

KINDS = ["memory", "directory", "s3"]


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    match request.param:
        case "memory":
            yield MemoryStore(time.time)
        case "directory":
            yield DirectoryStore(tmp_path / "store", "bucket")
        case _:
            yield from s3_store(request.getfixturevalue("s3"), tmp_path / "cache")


def test_what_was_put_is_there(store: ObjectStore) -> None:
    store.put("a/b/c.json", b"content")

    assert store.get("a/b/c.json") == b"content"


def test_nothing_and_views_can_be_put(store: ObjectStore) -> None:
    store.put("empty", b"")
    store.put("view", memoryview(bytearray(b"0123456789"))[2:5])

    assert store.get("empty") == b""
    assert store.get("view") == b"234"


def test_putting_again_replaces_and_changes_the_etag(store: ObjectStore) -> None:
    store.put("key", b"one")
    before = store.info("key")
    store.put("key", b"two")
    after = store.info("key")

    assert store.get("key") == b"two"
    assert before is not None
    assert after is not None
    assert before.etag != after.etag


def test_what_somebody_else_wrote_meanwhile_is_not_written_over(store: ObjectStore) -> None:
    store.put_if("a/key", b"one", "")
    before = store.info("a/key")
    assert before is not None
    store.put_if("a/key", b"two", before.etag)

    for key, etag in (("a/key", before.etag), ("a/key", ""), ("a/none", before.etag)):
        with pytest.raises(ConflictError, match="somebody else"):
            store.put_if(key, b"three", etag)

    assert store.get("a/key") == b"two"
    assert store.info("a/none") is None


def test_of_many_who_write_at_once_where_nothing_is_one_wins(store: ObjectStore) -> None:
    def write(number: int) -> int | None:
        try:
            store.put_if("key", str(number).encode(), "")
        except ConflictError:
            return None
        return number

    with ThreadPoolExecutor(8) as threads:
        won = [number for number in threads.map(write, range(16)) if number is not None]

    assert [int(store.get("key"))] == won


def test_info_tells_size_and_time(store: ObjectStore) -> None:
    store.put("a/key", b"12345")

    info = store.info("a/key")
    assert info is not None
    assert (info.key, info.size_bytes) == ("a/key", 5)
    assert abs(info.modified_at - time.time()) < 60


def test_what_is_not_there_is_said_not_to_be_there(store: ObjectStore) -> None:
    store.put("folder/key", b"")

    for key in ("nothing", "folder", "folder/nothing", "folder/key2"):
        assert store.info(key) is None
        with pytest.raises(NotFoundError, match=key):
            store.get(key)
        with pytest.raises(NotFoundError), store.open(key):
            pass
        with pytest.raises(NotFoundError), store.local(key):
            pass


def test_deleting_twice_is_fine(store: ObjectStore) -> None:
    store.put("a/b/key", b"x")

    store.delete("a/b/key")
    store.delete("a/b/key")

    assert store.info("a/b/key") is None
    assert list(store.list("")) == []


def test_the_list_is_sorted_and_complete(store: ObjectStore) -> None:
    keys = ["a", "b/1", "b/10", "b/2/x", "b-c/0", "b.c", "c/ü", "bb/z"]
    for key in keys:
        store.put(key, key.encode())

    assert [info.key for info in store.list("")] == sorted(keys)
    assert [info.key for info in store.list("b/")] == ["b/1", "b/10", "b/2/x"]
    assert [info.key for info in store.list("b/1")] == ["b/1", "b/10"]
    assert [info.key for info in store.list("b/2/")] == ["b/2/x"]
    assert [info.key for info in store.list("b")] == sorted(k for k in keys if k[0] == "b")
    assert list(store.list("d")) == []
    assert list(store.list("a/")) == []


def test_folders_are_what_has_keys_below_it(store: ObjectStore) -> None:
    for key in ("x", "a/x", "a/b/1", "a/b/2/x", "a/c ü/x", "a/gone/x", "b-a/x"):
        store.put(key, b"")
    store.delete("a/gone/x")

    assert sorted(store.folders("")) == ["a", "b-a"]
    assert sorted(store.folders("a/")) == ["b", "c ü"]
    assert list(store.folders("a/b/2/")) == []
    assert list(store.folders("none/")) == []


def test_more_folders_than_one_answer_holds_are_listed(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put(f"n/{number:05d}/x", b""), range(1100)))

    assert sorted(store.folders("n/")) == [f"{number:05d}" for number in range(1100)]


def test_the_list_knows_what_info_knows(store: ObjectStore) -> None:
    store.put("a/key", b"12345")

    (listed,) = store.list("a/")
    info = store.info("a/key")
    assert info is not None
    assert (listed.key, listed.size_bytes, listed.etag) == (info.key, info.size_bytes, info.etag)


def test_more_objects_than_one_answer_holds_are_listed(store: ObjectStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: store.put(f"n/{number:05d}", b""), range(1100)))

    assert [info.key for info in store.list("n/")] == [f"n/{number:05d}" for number in range(1100)]


@pytest.mark.parametrize("key", ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\0b", "a\n"])
def test_keys_that_leave_the_bucket_are_refused(store: ObjectStore, key: str) -> None:
    for use in (store.get, store.info, store.delete, lambda key: store.put(key, b"")):
        with pytest.raises(InvalidRequestError):
            use(key)  # type: ignore[operator]


def test_keys_may_have_spaces_and_letters_of_all_kinds(store: ObjectStore) -> None:
    for key in ("a b/c+d%20e", "größe/日本.root", "x/.hidden", "q?a=b&c#d"):
        store.put(key, key.encode())

        assert store.get(key) == key.encode()
        assert [info.key for info in store.list(key)] == [key]


def test_a_file_can_be_put(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(os.urandom(20_000_000))

    store.put_file("big", file)

    assert store.get("big") == file.read_bytes()


def test_a_stream_can_be_put(store: ObjectStore) -> None:
    content = os.urandom(40_000_000)

    assert store.put_stream("big", io.BytesIO(content), 40_000_000) == len(content)
    assert store.get("big") == content


def test_a_short_stream_can_be_put(store: ObjectStore) -> None:
    assert store.put_stream("small", io.BytesIO(b"abc"), 10) == 3
    assert store.put_stream("empty", io.BytesIO(b""), 10) == 0
    assert (store.get("small"), store.get("empty")) == (b"abc", b"")


@pytest.mark.parametrize("size", [11, 40_000_000])
def test_too_long_a_stream_leaves_what_was_there(store: ObjectStore, size: int) -> None:
    store.put("key", b"before")

    with pytest.raises(TooLargeError, match=str(size - 1)):
        store.put_stream("key", io.BytesIO(b"x" * size), size - 1)

    assert store.get("key") == b"before"


def test_a_stream_that_breaks_leaves_nothing(store: ObjectStore) -> None:
    class Broken(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def read(self, _size: int = -1) -> bytes:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.put_stream("key", Broken(), 100)  # type: ignore[arg-type]

    assert store.info("key") is None


def test_an_object_can_be_read_bit_by_bit(store: ObjectStore) -> None:
    content = os.urandom(3_000_000)
    store.put("key", content)

    with store.open("key") as stream:
        assert stream.read(10) == content[:10]
        assert stream.read() == content[10:]
        assert stream.read() == b""


def test_an_object_can_be_a_local_file(store: ObjectStore) -> None:
    store.put("a/model.keras", b"one")

    with store.local("a/model.keras") as path:
        assert path.name == "model.keras"
        assert path.read_bytes() == b"one"


def test_a_local_file_is_the_newest(store: ObjectStore) -> None:
    for content in (b"one", b"two", b"one"):
        store.put("key", content)

        with store.local("key") as path:
            assert path.read_bytes() == content


def test_readers_meet_the_old_or_the_new_object(store: ObjectStore) -> None:
    contents = {bytes([letter]) * 300_000 for letter in b"abcd"}
    store.put("key", b"a" * 300_000)

    def write(content: bytes) -> None:
        for _ in range(5):
            store.put("key", content)

    with ThreadPoolExecutor(8) as pool:
        writing = [pool.submit(write, content) for content in contents]
        while not all(task.done() for task in writing):
            assert store.get("key") in contents
        for task in writing:
            task.result()
