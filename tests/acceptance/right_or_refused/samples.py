"""Samples that runs of these tests learn from, and tarballs of requests for them."""

import io
import json

import numpy as np
import uproot

from tests.acceptance.right_or_refused.oddmodels import NET
from tests.people import pack

SEED, EPOCHS = 21, 3


def entries(count, shift, seed):
    random = np.random.default_rng(seed)
    return random.normal((shift, 0.6 * shift, 0.0), 1.0, (count, 3)).astype(np.float32)


def spoilt(x):
    """Return entries of which 15 % say -999 for "missing", and one is far outside."""
    x = x.copy()
    x[np.random.default_rng(2).random(len(x)) < 0.15, 0] = -999
    x[7, 1] = 1e7
    return x


SIGNAL, BACKGROUND = entries(6000, 0.8, 1), entries(9000, 0.0, 2)
RARE, COMMON = entries(40, 2.5, 3), entries(40_000, 0.0, 4)
FEW = {"s.root": SIGNAL[:600], "b.root": BACKGROUND[:600]}
SORTED = np.concatenate((SIGNAL, BACKGROUND))
IS_SIGNAL = np.repeat([1.0, 0.0], [len(SIGNAL), len(BACKGROUND)])
USUAL = {"s.root": SIGNAL, "b.root": BACKGROUND}
SPOILT = {"s.root": spoilt(SIGNAL), "b.root": spoilt(BACKGROUND)}


def root_file(x, **more):
    written = io.BytesIO()
    file = uproot.recreate(written)
    file["Events"] = {f"x{i}": column for i, column in enumerate(x.T)} | more
    return written.getvalue()


def packed(files, *, model=NET, labels="1\n0\n", beside=None, **params) -> bytes:
    """Return the tarball of a request; files that are no bytes yet are arrays.

    Args:
        labels: labels.txt, or label columns for params.json.
    """
    asked = {"branch": "Events", "metrics": True, "epochs": EPOCHS, "seed": SEED}
    if not isinstance(labels, str):
        params["labels"] = labels
    ready = {
        name: content if isinstance(content, bytes) else root_file(content)
        for name, content in files.items()
    }
    texts = {
        "model.py": model,
        "files.txt": "\n".join(ready) + "\n",
        "params.json": json.dumps(asked | params),
    }
    if isinstance(labels, str):
        texts["labels.txt"] = labels
    return pack(ready | texts | (beside or {}))
