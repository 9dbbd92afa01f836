"""Numbers as integers of a quantised model."""

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.litert.quantised import Quantisation

BYTES = Quantisation(dtype=np.dtype(np.int8), scale=0.5, zero_point=3)


def test_numbers_beyond_the_ends_become_the_ends():
    found = BYTES.integers(np.array([0.0, 0.6, -1e9, np.inf], np.float32))

    assert (found.dtype, found.tolist()) == (np.int8, [3, 4, -128, 127])


def test_no_integer_stands_for_nan():
    with pytest.raises(ValueError, match="no integer of it stands for NaN"):
        BYTES.integers(np.array([[1.0, np.nan]], np.float32))
