"""Random numbers of Python and NumPy, which checkpoints keep, and of `tf.random`, which they cannot."""

import json
import random
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: operations of TensorFlow whose generator nobody can read or set
_HIDDEN = frozenset(
    {
        "Multinomial",
        "ParameterizedTruncatedNormal",
        "RandomGamma",
        "RandomPoisson",
        "RandomPoissonV2",
        "RandomShuffle",
        "RandomStandardNormal",
        "RandomUniform",
        "RandomUniformInt",
        "TruncatedNormal",
    }
)
BEGIN_ANEW = (
    "the training went on from a checkpoint, and random numbers of tf.random (or of layers of Keras 2)"
    " began anew there: its weights are not those of a training without an interruption"
)


def draws_hidden(traced: Any) -> bool:
    """Tell whether a traced function draws random numbers that begin anew in another process."""
    graph = traced.graph.as_graph_def()
    inner = (function.node_def for function in graph.library.function)
    return any(node.op in _HIDDEN for node in chain(graph.node, *inner))


def standing() -> NDArray[np.uint8]:
    """Return where the generators of Python and NumPy stand, which model.py may draw from."""
    name, keys, *rest = np.random.get_state()  # noqa: NPY002 - what model.py seeds and draws from
    text = json.dumps(
        {"python": random.getstate(), "numpy": [name, np.array(keys).tolist(), *rest]}
    )
    return np.frombuffer(text.encode(), np.uint8)


def put_back(kept: NDArray[np.uint8]) -> None:
    """Put them where they stood."""
    content = json.loads(bytes(kept))
    version, state, rest = content["python"]
    random.setstate((version, tuple(state), rest))
    name, keys, *more = content["numpy"]
    np.random.set_state((name, np.array(keys, np.uint32), *more))  # noqa: NPY002
