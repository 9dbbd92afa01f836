"""Features of a tf.Example, as a request gives them."""

import math

import pytest

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.inference.tfexample import packed_examples


@pytest.mark.parametrize("value", [1e39, [1.0, -1e300], 2**200])
def test_what_single_precision_does_not_hold_is_refused(value):
    with pytest.raises(InvalidRequestError, match=r"'x' takes single precision, and .* is none"):
        packed_examples([{"x": value}])


def test_nan_and_infinity_are_numbers():
    (packed,) = packed_examples([{"x": [math.nan, math.inf]}])

    assert packed.endswith(bytes.fromhex("0000c07f0000807f"))
