"""TFaaS's protobuf messages.

Row          key = 1 (repeated text), value = 2 (repeated float), model = 3 (text)
Class        label = 1 (text), probability = 2 (float)
Predictions  prediction = 1 (repeated Class)
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.protobuf import BYTES, FIXED32, field, fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of network inputs."""

    keys: tuple[str, ...]
    values: NDArray[np.float32]
    model: str


def read_row(message: bytes) -> Row:
    """Return the `Row` in a message; fields that we do not know pass.

    Raises:
        InvalidRequestError: it is not a protobuf message, or its fields are of other types.
    """
    keys: list[str] = []
    values: list[bytes] = []
    model = ""
    try:
        for number, kind, content in fields(message):
            if (number, kind) == (1, BYTES):
                keys.append(content.decode())
            elif number == 2 and kind in (BYTES, FIXED32):  # noqa: PLR2004 - packed or not
                values.append(content)
            elif (number, kind) == (3, BYTES):
                model = content.decode()
        row = np.frombuffer(b"".join(values), "<f4")
    except (ValueError, IndexError) as error:
        raise InvalidRequestError(f"unable to unmarshal Row: {error}") from error
    return Row(keys=tuple(keys), values=row.astype(np.float32), model=model)


def write_predictions(probabilities: Iterable[float], labels: tuple[str, ...] = ()) -> bytes:
    """Return a `Predictions` message with one `Class` for each probability."""
    classes = []
    for index, probability in enumerate(probabilities):
        label = labels[index].encode() if index < len(labels) else b""
        text = field(1, label) if label else b""
        classes.append(field(1, text + struct.pack("<Bf", 2 << 3 | FIXED32, probability)))
    return b"".join(classes)
