"""Tar archives of strangers; what people see of it is in tests/http/workflow/test_uploads.py."""

import io
import tarfile
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.requests.tarballs import tarball
from mlaas4hep.core.requests.tarballs.upload import Member, Upload, without_top_folder
from mlaas4hep.errors import MlaasError, TooLargeError
from tests.people import pack

WHOLE = pack({"files.txt": "a.root\n", "data/a.root": bytes(range(256)) * 20}, mode="w")


def contents(archive, max_bytes=10**9):
    return {
        file.path: file.content.read() for file in tarball.members(io.BytesIO(archive), max_bytes)
    }


def test_members_come_with_their_content():
    assert contents(pack({"a": "x", "b/c": "yz"})) == {"luca/a": b"x", "luca/b/c": b"yz"}


def test_a_member_that_is_not_read_is_passed_over():
    archive = io.BytesIO(pack({"a": b"x" * 10_000, "b": "y"}))

    assert [file.path for file in tarball.members(archive, 10**9)] == ["luca/a", "luca/b"]


def test_members_larger_than_a_step_are_whole():
    large = bytes(range(256)) * 4096 * 10

    assert contents(pack({"a": large}, mode="w"))["luca/a"] == large


def test_long_names_are_read_in_every_dialect_of_tar():
    name = "x" * 150
    for dialect in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w", format=dialect) as tar:
            tar.addfile(tarfile.TarInfo(name))

        assert list(contents(buffer.getvalue())) == [name]


def test_more_files_than_anybody_needs_are_refused():
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for number in range(10_001):
            tar.addfile(tarfile.TarInfo(f"{number}"))

    with pytest.raises(TooLargeError):
        contents(buffer.getvalue())


def header(kind, name="x", content=b""):
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, len(content)
    return info.tobuf() + content + b"\0" * (-len(content) % tarfile.BLOCKSIZE)


ATTRIBUTES = b"11 a=bcdef\n"
LONG_ATTRIBUTE = b"1500000 a=%s\n" % (b"x" * 1_499_989)
MANY = {
    "folders": (header(tarfile.DIRTYPE), 200_000),
    "litter": (header(tarfile.REGTYPE, "._x"), 200_000),
    "attributes of one member": (header(tarfile.XHDTYPE, content=ATTRIBUTES), 5_000),
    "attributes of all": (header(tarfile.XGLTYPE, content=ATTRIBUTES), 5_000),
    "long names of one member": (header(tarfile.GNUTYPE_LONGNAME, content=b"x\0"), 5_000),
    "bytes of attributes": (
        header(tarfile.XHDTYPE, content=LONG_ATTRIBUTE) + header(tarfile.DIRTYPE),
        10,
    ),
}


@pytest.mark.parametrize("kind", MANY)
def test_headers_are_counted_whatever_they_are_of(kind):
    what, times = MANY[kind]

    with pytest.raises(TooLargeError):
        contents(what * times + header(tarfile.REGTYPE) + bytes(1024))


def test_as_many_files_as_may_be_with_attributes_and_folders_are_taken():
    one = header(tarfile.XHDTYPE, content=ATTRIBUTES)
    members = [one + header(tarfile.REGTYPE, f"d/{number}") for number in range(9_999)]

    assert len(contents(b"".join([header(tarfile.DIRTYPE, "d"), *members, bytes(1024)]))) == 9_999


@given(st.integers(0, len(WHOLE) - 1), st.binary(min_size=1, max_size=40))
def test_damage_anywhere_is_an_error_of_ours_or_harmless(position, noise):
    damaged = WHOLE[:position] + noise + WHOLE[position + len(noise) :]

    with suppress(MlaasError):
        contents(damaged)


@given(st.integers(0, len(WHOLE.rstrip(b"\0")) + tarfile.BLOCKSIZE - 1))
def test_a_cut_anywhere_is_found(length):
    with pytest.raises(MlaasError):
        contents(WHOLE[:length])


def stored(*paths):
    return [Member(path=path, stored=path, size_bytes=1) for path in paths]


def test_the_top_folder_goes_only_when_everything_lies_in_it():
    assert [m.path for m in without_top_folder(stored("t/a", "t/b/c"))] == ["a", "b/c"]
    assert [m.path for m in without_top_folder(stored("t/a", "b"))] == ["b", "t/a"]
    assert [m.path for m in without_top_folder(stored("a"))] == ["a"]


def test_a_member_is_found_as_people_write_it():
    upload = Upload(
        owner="o",
        folder="luca",
        sha256="0" * 64,
        filename="x",
        size_bytes=1,
        uploaded_at=0.0,
        members=without_top_folder(stored("t/a", "t/b/c")),
    )

    assert upload.find("./b/c").stored == "t/b/c"
    assert upload.find("t/a") is None
    assert upload.key(upload.members[0]) == "o/luca/0000000000000000/files/t/a"
