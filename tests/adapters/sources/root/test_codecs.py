"""Compressed blocks: what they say of their size is believed only where it agrees."""

import lzma
import resource
import zlib
from pathlib import Path

import cramjam
import numpy as np
import pytest
import uproot
import xxhash

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.root.codecs import UnknownCompressionError, inflated
from mlaas4hep.adapters.sources.root.damage import FAILURES
from tests import oracle

DATA = b"basket" * 1000


def _block(codec, packed, size=6000):
    return codec + b"\x08" + len(packed).to_bytes(3, "little") + size.to_bytes(3, "little") + packed


def _lz4(data):
    packed = bytes(cramjam.lz4.compress_block(data, store_size=False))
    return xxhash.xxh64_digest(packed) + packed


PACKED = {
    b"ZL": zlib.compress(DATA),
    b"CS": zlib.compress(DATA)[2:-4],
    b"ZS": bytes(cramjam.zstd.compress(DATA)),
    b"L4": _lz4(DATA),
    b"XZ": bytes(cramjam.xz.compress(DATA)),
}


@pytest.mark.parametrize("codec", PACKED)
def test_blocks_of_every_codec_are_joined(codec):
    blocks = _block(codec, PACKED[codec]) * 3

    assert bytes(inflated(memoryview(blocks), 3 * len(DATA))) == DATA * 3


def test_sizes_of_a_block_have_three_bytes():
    data = bytes(range(256)) * 1000
    packed = zlib.compress(data, 0)

    assert bytes(inflated(memoryview(_block(b"ZL", packed, len(data))), len(data))) == data


@pytest.mark.parametrize("left", [1, 2, 8, 9, 10, 20])
def test_blocks_that_end_too_early_are_refused(left):
    whole = _block(b"ZL", PACKED[b"ZL"])

    with pytest.raises(UnknownCompressionError, match="cut short"):
        inflated(memoryview(whole + whole[:left]), 2 * len(DATA))


@pytest.mark.parametrize("codec", PACKED)
@pytest.mark.parametrize("promised", [10, len(DATA) + 1, 16_000_000])
def test_another_size_than_is_promised_is_refused(codec, promised):
    with pytest.raises(FAILURES):
        inflated(memoryview(_block(codec, PACKED[codec], promised)), promised)
    with pytest.raises(UnknownCompressionError, match="promised"):
        inflated(memoryview(_block(codec, PACKED[codec], promised)), len(DATA))


@pytest.mark.parametrize("rest", [PACKED[b"CS"], b"\x03\x00"])
def test_a_basket_in_a_million_small_blocks_is_refused_before_they_are_looked_at(rest):
    size = zlib.decompressobj(-zlib.MAX_WBITS).decompress(rest)
    blocks = _block(b"CS", rest, len(size)) * 1_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    with pytest.raises(UnknownCompressionError, match="too many blocks"):
        inflated(memoryview(blocks), 1000)

    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 16 * 1024


def test_a_block_of_xz_that_wants_a_dictionary_of_gigabytes_is_damaged():
    packed = bytearray(lzma.compress(DATA, lzma.FORMAT_XZ, preset=9))
    end = 8 + 4 * (packed[12] + 1)  # of the block's header, where its checksum begins
    packed[packed.index(b"\x21\x01") + 2] = 38  # LZMA2, one byte: a dictionary of 2 GB
    packed[end : end + 4] = zlib.crc32(packed[12:end]).to_bytes(4, "little")

    with pytest.raises(lzma.LZMAError, match="Memory usage limit"):
        inflated(memoryview(_block(b"XZ", bytes(packed))), len(DATA))


def test_the_highest_level_of_xz_is_read():
    packed = lzma.compress(DATA, lzma.FORMAT_XZ, preset=9 | lzma.PRESET_EXTREME)

    assert bytes(inflated(memoryview(_block(b"XZ", packed)), len(DATA))) == DATA


def test_no_flipped_bit_of_an_lz4_block_goes_unnoticed():
    data = np.linspace(0, 1, 20).tobytes()
    packed = _lz4(data)
    for bit in range(8 * len(packed)):
        flipped = bytearray(packed)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(UnknownCompressionError, match="checksum"):
            inflated(memoryview(_block(b"L4", bytes(flipped), len(data))), len(data))


def test_a_codec_that_is_not_known_is_named():
    with pytest.raises(UnknownCompressionError, match="b'XX'"):
        inflated(memoryview(_block(b"XX", DATA[:50])), len(DATA))


def _older(data):
    """Return a file with its blocks of zlib as ROOT wrote them before 2002."""
    changed = bytearray(data)
    at = changed.find(b"ZL\x08")
    while at >= 0:
        packed = int.from_bytes(changed[at + 3 : at + 6], "little")
        body = changed[at + 9 : at + 9 + packed]
        changed[at : at + 2] = b"CS"
        changed[at + 9 : at + 9 + packed] = body[2:] + b"\0\0"  # what follows a stream is not read
        at = changed.find(b"ZL\x08", at + 9 + packed)
    return bytes(changed)


def test_files_of_the_oldest_compression_are_read(tmp_path):
    path = tmp_path / "a.root"
    values = np.arange(1000.0) // 7
    oracle.write_tree(path, "t", {"x": values}, compression=uproot.ZLIB(9))
    path.write_bytes(_older(path.read_bytes()))
    source = DataFiles(MemoryStore(lambda: 0.0))

    survey = source.survey(str(path), "t", ["x"])
    (block,) = source.read(survey, ["x"], 0, 1000)

    np.testing.assert_array_equal(block.flat["x"], values)


def test_what_only_uproot_reads_of_the_oldest_compression_is_left_out_by_name(tmp_path):
    data = pytest.importorskip("skhep_testdata", reason="carries the file")
    path = tmp_path / "a.root"
    path.write_bytes(_older(Path(data.data_path("uproot-issue96.root")).read_bytes()))
    source = DataFiles(MemoryStore(lambda: 0.0))

    found = source.describe(str(path), "tree")

    left_out = dict(found.unreadable)
    assert "only uproot reads" in left_out["jet1TrksP4"]
    names = [branch.name for branch in found.branches]
    (block,) = source.read(source.survey(str(path), "tree", names), names, 0, found.entries)
    assert len(block.names) == len(names) > 10
