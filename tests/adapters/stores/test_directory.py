"""Unfinished writes in a folder: those of the dead are removed, those of the living are not."""

import io
import os

from mlaas4hep.adapters.stores.directory import DirectoryStore

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
