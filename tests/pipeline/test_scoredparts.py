"""Scores of single ranges, which say whether they are whole and where they belong."""

import numpy as np
import pytest

from mlaas4hep.errors import DamagedError
from mlaas4hep.pipeline import scoredparts

KEY = "o/r_1/parts-1/000000.npz"
PART = {"entry": np.arange(3), "score": np.array([0.5, np.nan, 1.0], np.float32)}


def test_what_is_packed_is_unpacked():
    part = scoredparts.unpacked(KEY, scoredparts.packed(KEY, PART))

    assert list(part) == ["entry", "score"]
    for name, values in PART.items():
        np.testing.assert_array_equal(part[name], values)


def test_every_flipped_byte_and_every_lost_end_is_noticed():
    whole = scoredparts.packed(KEY, PART)
    harmed = [whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :] for at in range(len(whole))]
    harmed += [whole[:-1], whole[:16], whole[:3], b""]

    for data in harmed:
        with pytest.raises(DamagedError, match=r"000000\.npz"):
            scoredparts.unpacked(KEY, data)


def test_a_part_in_the_place_of_another_is_noticed():
    with pytest.raises(DamagedError, match=r"000001\.npz"):
        scoredparts.unpacked("o/r_1/parts-1/000001.npz", scoredparts.packed(KEY, PART))
