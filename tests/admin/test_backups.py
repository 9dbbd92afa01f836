"""A platform is written into a file and put into an empty one."""

import itertools
from contextlib import suppress
from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.nats.archive import STREAMS
from mlaas4hep.admin import archive
from mlaas4hep.core.runs.events import RunSubmitted
from mlaas4hep.errors import ConflictError, DamagedError, ServiceUnavailableError
from mlaas4hep.pipeline.records import next_name
from mlaas4hep.usecases.storekeeping.fsck import fsck
from tests.admin.conftest import STORES


def objects(platform):
    return {
        (bucket, info.key): getattr(platform.services, bucket).get(info.key)
        for bucket in STORES
        for info in getattr(platform.services, bucket).list("")
    }


def test_what_is_put_back_is_the_same_platform(used, empty, tmp_path):
    used.services.bus.publish([RunSubmitted(owner="o", run="r_9")])
    file = tmp_path / "all.tar"

    written = archive.write(file, used, chunks=True)
    again = empty()
    put = archive.restore(file, again)

    assert put == written
    assert objects(again) == objects(used)
    assert again.services.runs.list() == used.services.runs.list()
    assert [m.data for m in again.nats.messages("MLAAS")] == [
        m.data for m in used.nats.messages("MLAAS")
    ]
    assert next_name("o", "r", again.services) == ("r_2", 2)
    assert list(fsck(again.services)) == []


def test_chunks_are_left_out_because_they_make_themselves(used, empty, tmp_path):
    archive.write(tmp_path / "all.tar", used)
    again = empty()

    archive.restore(tmp_path / "all.tar", again)

    assert objects(used).keys() - objects(again).keys() == {
        ("chunks", info.key) for info in used.services.chunks.list("")
    }


@pytest.mark.parametrize("harm", ["cut", "flipped"])
def test_a_file_that_is_not_whole_is_refused_before_anything_is_put_back(
    used, empty, tmp_path, harm
):
    file = tmp_path / "all.tar"
    archive.write(file, used)
    data = bytearray(file.read_bytes())
    if harm == "cut":
        del data[len(data) // 2 :]
    else:
        data[data.index(b"def model")] ^= 1
    file.write_bytes(data)
    again = empty()

    with pytest.raises(DamagedError, match="no whole backup"):
        archive.restore(file, again)

    assert objects(again) == {}


def a_new_number(platform):
    platform.services.runs.next_number("o", "r")


def a_new_run(platform):
    platform.services.runs.create(replace(platform.services.runs.get("o", "r_1"), name="r_2"))


def a_new_object(platform):
    platform.services.models.put("o/r_2/model.json", b"{}")


def another_content(platform):
    before = platform.services.runs_files.get("o/r_1/model.py")
    platform.services.runs_files.put("o/r_1/model.py", before[:-1] + b"?")


@pytest.mark.parametrize("use", [a_new_number, a_new_run, a_new_object, another_content])
def test_a_platform_in_use_is_not_written_over(used, tmp_path, use):
    archive.write(tmp_path / "all.tar", used)
    use(used)
    before = objects(used), messages(used)

    with pytest.raises(ConflictError, match="in use"):
        archive.restore(tmp_path / "all.tar", used)

    assert (objects(used), messages(used)) == before


def messages(platform):
    return [
        (message.subject, message.data)
        for stream in STREAMS
        for message in platform.nats.messages(stream)
    ]


class EndedError(Exception):
    """The restore is ended."""


def test_an_interrupted_restore_goes_on_wherever_it_ended(used, empty, tmp_path):
    account = archive.write(tmp_path / "all.tar", used, chunks=True)
    again = empty()
    writes = account.objects + account.messages
    for most in (1, 1, account.objects, 1, writes):
        with suppress(EndedError):
            archive.restore(tmp_path / "all.tar", interrupted(again, most))

    assert archive.restore(tmp_path / "all.tar", again) == account
    assert (objects(again), messages(again)) == (objects(used), messages(used))


def interrupted(platform, most):
    """Return the platform as it takes so many writes only."""
    left = itertools.count(most, -1)

    def dying(write):
        def written(*given):
            if next(left) == 0:
                raise EndedError
            return write(*given)

        return written

    stores = {name: Spy(getattr(platform.services, name), put_stream=dying) for name in STORES}
    return replace(
        platform,
        services=replace(platform.services, **stores),
        nats=Spy(platform.nats, put=dying),
    )


class Spy:
    """Something of which one method is another one."""

    def __init__(self, inner, **changed):
        self._inner = inner
        self._changed = changed

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        return self._changed[name](found) if name in self._changed else found


class Away(MemoryStore):
    """A store that does not answer."""

    def list(self, prefix):
        raise ServiceUnavailableError(f"nobody answers for {prefix!r}")


def test_nothing_half_is_left_when_a_backup_fails(used, tmp_path):
    (folder := tmp_path / "kept").mkdir()
    broken = replace(used, services=replace(used.services, models=Away(lambda: 0.0)))

    with pytest.raises(ServiceUnavailableError):
        archive.write(folder / "all.tar", broken)

    assert list(folder.iterdir()) == []
