"""tf.Example as TensorFlow Serving makes it of JSON: named features, in protobuf's wire format.

Example   features = 1 (Features)          Features  feature = 1 (map from text to Feature)
Feature   bytes_list = 1, float_list = 2, int64_list = 3, each with repeated value = 1
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.inference.exact import strings
from mlaas4hep.http.predict.protobuf import field, varint

_BYTES, _FLOATS, _WHOLES = 1, 2, 3
_INT64 = 2**63


def packed_examples(examples: Sequence[Mapping[str, Any]]) -> Array:
    """Return one serialised tf.Example for each object, shape (n,).

    Whole numbers go into an int64_list, other numbers into a float_list, texts (and
    `{"b64": …}`) into a bytes_list.

    Raises:
        InvalidRequestError: a feature is none of these, or of several.
    """
    found = np.empty(len(examples), object)
    found[:] = [_example(example) for example in examples]
    return found


def _example(example: Mapping[str, Any]) -> bytes:
    entries = (
        field(1, field(1, name.encode()) + field(2, _feature(name, value)))
        for name, value in example.items()
    )
    return field(1, b"".join(entries))


def _feature(name: str, value: Any) -> bytes:
    values = value if isinstance(value, list) else [value]
    kinds = {type(each) for each in values}
    if kinds <= {int} and all(-_INT64 <= each < _INT64 for each in values):
        numbers = b"".join(varint(each % 2**64) for each in values)
        return field(_WHOLES, field(1, numbers))
    if kinds <= {int, float}:
        return field(_FLOATS, field(1, _singles(name, values)))
    if kinds <= {str, dict}:
        texts = strings(name, values).reshape(-1)
        return field(_BYTES, b"".join(field(1, text) for text in texts))
    raise InvalidRequestError(
        f"feature {name!r} is neither numbers nor texts",
        hint="a number, a text, or a list of one kind",
    )


def _singles(name: str, values: Sequence[float]) -> bytes:
    try:
        return struct.pack(f"<{len(values)}f", *map(float, values))
    except OverflowError as error:
        raise InvalidRequestError(
            f"feature {name!r} takes single precision, and {max(values, key=abs)} is none"
        ) from error
