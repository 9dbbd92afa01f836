"""A chunk as bytes."""

import mmap

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.chunk import ChunkDraft, Shape, check, decode, encode
from mlaas4hep.errors import DamagedError

MADE_OF = "0123456789abcdef" * 2


@given(
    st.integers(0, 20),
    st.integers(0, 3),
    st.lists(st.integers(1, 300), max_size=3),
    st.randoms(use_true_random=False),
)
def test_what_is_written_is_read(entries, flat, widths, rng):
    numbers = np.random.default_rng(rng.randrange(2**32))
    x = numbers.normal(size=(entries, flat + sum(widths))).astype(np.float32)
    y = numbers.normal(size=entries).astype(np.float32)
    counts = np.array([[rng.randint(0, w) for _ in range(entries)] for w in widths], np.uint16)
    counts = counts.reshape(len(widths), entries)
    holes = np.array(sorted(rng.sample(range(x.size), min(3, x.size))), np.int64)

    chunk = decode(encode(x, y, widths=widths, counts=counts, holes=holes))

    np.testing.assert_array_equal(chunk.x, x)
    np.testing.assert_array_equal(chunk.y, y)
    np.testing.assert_array_equal(chunk.mask, _mask(x, flat, widths, counts, holes))


def test_weights_and_parts_are_read_too_and_without_them_nothing_is_said_of_them():
    x, y = np.ones((70, 2), np.float32), np.zeros(70, np.float32)
    weights, parts = np.linspace(-1, 1, 70, dtype=np.float32), np.arange(70, dtype=np.uint8)

    plain, chunk = encode(x, y), decode(encode(x, y, weights=weights, parts=parts))

    np.testing.assert_array_equal(chunk.weights, weights)
    np.testing.assert_array_equal(chunk.parts, parts)
    assert b"weighted" not in bytes(plain)
    assert (decode(plain).weights, decode(plain).parts) == (None, None)


def _mask(x, flat, widths, counts, holes):
    mask = np.zeros(x.shape, np.uint8)
    at = flat
    for width, lengths in zip(widths, counts, strict=True):
        for row, length in enumerate(lengths):
            mask[row, at + length : at + width] = 1
        at += width
    mask.reshape(-1)[holes] = 1
    return mask


@pytest.mark.parametrize("holes", [1, 12, 1234])
def test_counting_holes_moves_nothing_however_long_the_header_is(holes):
    for columns in range(1, 70):  # each makes the header three bytes longer
        x = np.arange(1234.0 * columns, dtype=np.float32).reshape(1234, columns)
        places = np.arange(holes)

        chunk = decode(encode(x, x[:, 0], widths=(1,) * columns, holes=places))

        assert np.array_equal(chunk.x, x)
        assert np.array_equal(chunk.holes, places)


def test_a_mapped_file_is_read_without_a_copy(tmp_path):
    path = tmp_path / "a.chunk"
    path.write_bytes(encode(np.ones((3, 2), np.float32), np.zeros(3, np.float32)))

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        chunk = decode(memoryview(mapped))
        shared = np.shares_memory(chunk.x, np.frombuffer(mapped, np.uint8))
        total = chunk.x.sum()
        del chunk

    assert (shared, total) == (True, 6)


def test_arrays_begin_where_processors_like_them_to():
    draft = ChunkDraft.of(Shape(entries=5, flat=3, widths=(2,)))

    start = draft.buffer.ctypes.data
    places = [(array.ctypes.data - start) % 64 for array in (draft.x, draft.y, draft.counts)]

    assert places == [0, 0, 0]


@pytest.mark.parametrize("data", [b"", b"MLCHUNK3" + bytes(100), b"MLCHUNK2" + bytes(80)])
def test_other_bytes_are_refused(data):
    with pytest.raises(DamagedError):
        decode(data)
    with pytest.raises(DamagedError):
        check(data, MADE_OF)


def test_a_chunk_that_is_cut_short_is_refused():
    data = bytes(encode(np.ones((30, 2), np.float32), np.zeros(30, np.float32)))

    with pytest.raises(DamagedError, match="damaged"):
        decode(data[:-64])


@pytest.fixture(scope="module")
def sealed():
    draft = ChunkDraft.of(Shape(entries=2, flat=1, widths=(2,)))
    for part in (draft.x, draft.y, draft.draws, draft.counts):
        part[:] = 1
    return bytes(draft.seal(np.array([1, 3]), MADE_OF))


def test_a_chunk_is_what_was_written(sealed):
    check(sealed, MADE_OF)


def test_every_flipped_bit_is_noticed(sealed):
    for bit in range(8 * len(sealed)):
        damaged = bytearray(sealed)
        damaged[bit // 8] ^= 1 << bit % 8

        with pytest.raises(DamagedError):
            check(damaged, MADE_OF)


@pytest.mark.parametrize("cut", [1, 8, 64, 200])
def test_a_chunk_that_lost_its_end_is_noticed(sealed, cut):
    with pytest.raises(DamagedError):
        check(sealed[:-cut], MADE_OF)


def test_a_chunk_in_the_place_of_another_is_noticed(sealed):
    with pytest.raises(DamagedError, match="another chunk"):
        check(sealed, "f" * 32)


def test_the_same_chunk_is_the_same_bytes_whatever_was_in_memory_before():
    x, y = np.ones((101, 3), np.float32), np.ones(101, np.float32)
    counts = np.ones((1, 101), np.int64)
    size = len(encode(x, y, widths=(2,), counts=counts))

    made = set()
    for leftover in range(1, 50):
        np.full(size, leftover, np.uint8)
        made.add(bytes(encode(x, y, widths=(2,), counts=counts)))

    assert len(made) == 1
