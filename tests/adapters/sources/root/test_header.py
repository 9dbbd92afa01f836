"""The first bytes of a file tell which one it is, as uproot tells it."""

import uuid

import pytest
import uproot

from mlaas4hep.adapters.sources.root.header import SIZE, Header


@pytest.mark.parametrize("name", ["HZZ.root", "Zmumu.root", "nano_dy.root", "nano_dimuon.root"])
def test_real_files_are_told_apart_as_uproot_does(shared_data, name):
    path = shared_data / name

    header = Header.of(path.read_bytes()[:SIZE])

    assert header == Header(end_bytes=path.stat().st_size, uuid=str(uproot.open(path).file.uuid))


def test_large_files_have_wider_fields():
    name = uuid.UUID(int=7)
    data = b"root" + (1_062_400).to_bytes(4) + (100).to_bytes(4) + (5 * 10**9).to_bytes(8)
    data += bytes(39) + name.bytes

    assert Header.of(data) == Header(end_bytes=5 * 10**9, uuid=str(name))


@pytest.mark.parametrize("data", [b"", b"root", b"ROOT" + bytes(100), b"\x89HDF" + bytes(100)])
def test_other_files_have_none(data):
    assert Header.of(data) is None
