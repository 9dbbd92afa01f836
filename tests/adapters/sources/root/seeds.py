"""Good ROOT files, to be made bad: by this room's tests, and for longer by `python -m fuzz`."""

from pathlib import Path

import awkward as ak
import numpy as np
import uproot
import xxhash

from tests import oracle

DATA = Path(__file__).with_name("data")
_LONGEST = 100_000  #: bytes of an envelope


def seeds(folder: Path) -> dict[str, tuple[bytes, str]]:
    """Return good files by name, and the trees in them; structures are not compressed."""
    arrays = {
        "x": np.arange(300.0),
        "b": np.arange(300) % 3 == 0,
        "fix": np.arange(900, dtype=np.int16).reshape(300, 3),
        "Jet": ak.zip({"pt": ak.unflatten(np.arange(450.0), [1, 2] * 150)}),
    }
    oracle.write_tree(folder / "tree.root", "t", arrays, basket=100, compression=None)
    with uproot.recreate(folder / "ntuple.root", compression=None) as file:
        file.mkrntuple("t", arrays)
    return {
        "tree": ((folder / "tree.root").read_bytes(), "t"),
        "ntuple": ((folder / "ntuple.root").read_bytes(), "t"),
        "baskets inside": ((DATA / "inside.root").read_bytes(), "halves"),
        "kinds": ((DATA / "kinds.root").read_bytes(), "t"),
        "root's ntuple": ((DATA / "ntuple.root").read_bytes(), "Events"),
    }


def with_checksums(content: bytes) -> bytes:
    """Put the checksums of envelopes right, as somebody would who wants them to be believed."""
    data = bytearray(content)
    for kind in (1, 2, 3):
        at = data.find(kind.to_bytes(2, "little"))
        while at >= 0:
            length = int.from_bytes(data[at + 2 : at + 8], "little")
            if 16 < length <= len(data) - at and length < _LONGEST:
                checksum = xxhash.xxh3_64_intdigest(bytes(data[at : at + length - 8]))
                data[at + length - 8 : at + length] = checksum.to_bytes(8, "little")
                break
            at = data.find(kind.to_bytes(2, "little"), at + 1)
    return bytes(data)
