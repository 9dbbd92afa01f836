"""JSON that says whether it is whole."""

import io
import json
from dataclasses import dataclass

import pytest

from mlaas4hep.core import sealed, wire
from mlaas4hep.errors import DamagedError


@dataclass(frozen=True, kw_only=True)
class Value:
    low: float
    name: str


VALUE = Value(low=1.25, name="x")


def test_what_is_sealed_is_read():
    assert sealed.load(Value, sealed.dump(VALUE)) == VALUE


def test_it_is_json_of_the_value_for_whoever_does_not_check():
    assert wire.load(Value, sealed.dump(VALUE)) == VALUE
    assert json.loads(sealed.dump(VALUE)).keys() == {"xxh3", "low", "name"}


def test_json_of_an_earlier_release_is_read():
    assert sealed.load(Value, wire.dump(VALUE)) == VALUE


def test_no_flipped_bit_gives_another_value():
    data = sealed.dump(VALUE)

    assert {read(flipped(data, bit)) for bit in range(8 * len(data))} <= {VALUE, None}
    assert {read(flipped(data, bit)) for bit in range(9 * 8, 8 * len(data))} == {None}


def test_a_value_in_the_place_of_another_is_noticed():
    there = sealed.dump(VALUE, "a/1.json")

    assert sealed.load(Value, there, "a/1.json") == VALUE
    for elsewhere in ("a/2.json", ""):
        with pytest.raises(DamagedError, match="the stored Value is damaged"):
            sealed.load(Value, there, elsewhere)


def test_a_value_that_an_earlier_release_sealed_without_its_key_is_read():
    assert sealed.load(Value, sealed.dump(VALUE), "a/1.json") == VALUE


def test_a_stream_tells_the_checksum_of_what_was_read():
    stream = sealed.CheckedStream(io.BytesIO(b"some bytes"))

    assert (stream.read(4), stream.read()) == (b"some", b" bytes")
    assert stream.checksum == sealed.checksum(io.BytesIO(b"some bytes"))


def flipped(data, bit):
    return data[: bit // 8] + bytes([data[bit // 8] ^ 1 << bit % 8]) + data[bit // 8 + 1 :]


def read(data):
    try:
        return sealed.load(Value, data)
    except DamagedError:
        return None


@pytest.mark.parametrize("length", [0, 9, 45, 60])
def test_json_that_is_cut_short_is_noticed(length):
    with pytest.raises(DamagedError, match="the stored Value is damaged"):
        sealed.load(Value, sealed.dump(VALUE)[:length])
