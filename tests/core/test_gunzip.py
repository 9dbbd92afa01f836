"""What comes out of gzip's members, and what is made to take all time of who reads them."""

import gzip
import io
import zlib

import numpy as np
import pytest

from mlaas4hep.core.gunzip import gunzip

NOISE = np.random.default_rng(1).bytes(200_000)
DATA = NOISE + bytes(1_000_000) + NOISE
PACKED = gzip.compress(DATA)
SEVERAL = PACKED + gzip.compress(b"") + bytes(100_000) + gzip.compress(b"end") + bytes(9)


def read(packed, step=-1):
    plain = gunzip(packed)
    return b"".join(iter(lambda: plain.read(step), b""))


@pytest.mark.parametrize("step", [-1, 511, 100_000, 2**20])
def test_all_members_are_read_whatever_lies_between_them(step):
    assert read(io.BytesIO(SEVERAL), step) == DATA + b"end"


def test_any_place_can_be_gone_to():
    plain = gunzip(io.BytesIO(SEVERAL))
    places = [1_300_000, 5, 5, 400_000, 0]

    found = [(plain.seek(place), plain.read(7), plain.tell()) for place in places]

    assert found == [(place, DATA[place : place + 7], place + 7) for place in places]


@pytest.mark.parametrize("size", [1, 9, 15, 1000, len(PACKED) - 9, len(PACKED) - 1])
def test_a_cut_is_found(size):
    with pytest.raises(EOFError, match="cut short"):
        read(io.BytesIO(PACKED[:size]))


@pytest.mark.parametrize("place", [-6, -2, 0, 100_000])
def test_a_changed_byte_is_found(place):
    damaged = bytearray(PACKED)
    damaged[place] ^= 1

    with pytest.raises(zlib.error):
        read(io.BytesIO(damaged))


def test_what_is_no_member_is_found_behind_one():
    with pytest.raises(zlib.error, match="header"):
        read(io.BytesIO(gzip.compress(b"x") + b"more"))


class Counted(io.BytesIO):
    """How often something is asked for: time, without a clock."""

    asked = 0

    def read(self, size=-1):
        self.asked += 1
        return super().read(size)


@pytest.mark.parametrize(
    "packed",
    [
        b"\x1f\x8b\x08\x08" + bytes(6) + b"a" * 2_000_000,  # the name of a file, without end
        gzip.compress(b"x") + bytes(2_000_000),
        b"\x1f\x8b\x08\x10" + bytes(6) + b"a" * 2_000_000 + bytes(1) + PACKED[10:],  # a comment
    ],
)
def test_nothing_is_taken_byte_by_byte(packed):
    counted = Counted(packed)
    try:
        read(counted)
    except EOFError:
        assert packed[3] == 8

    assert 1 < counted.asked < 100


def test_a_million_empty_members_are_refused():
    with pytest.raises(zlib.error, match="too many parts"):
        read(io.BytesIO(gzip.compress(b"") * 100_000))
