"""`python -m bench.steps.script FOLDER STEPS`: the script that anybody would write for a folder.

Everything is read into memory with uproot and awkward, scaled to [0, 1], jagged branches padded with
zeros to their longest row, shuffled, and given to Keras's `fit`, STEPS batches in one call. As in a
run with `metrics`, a fifth is held out, and `split` of the rest validates each epoch. It prints the
area under the ROC curve of the fifth, as JSON.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import uproot
from numpy.typing import NDArray

HELD_OUT = 0.2
Matrix = NDArray[Any]  #: of 32-bit floats


def main() -> None:
    folder, steps = Path(sys.argv[1]), int(sys.argv[2])
    params = json.loads((folder / "params.json").read_text())
    x, y = arrays(folder, params)
    model = network(folder, x.shape[1])
    model.steps_per_execution = steps
    held = int(len(x) * HELD_OUT)
    model.fit(
        x[held:],
        y[held:],
        batch_size=params["batch_size"],
        epochs=params["epochs"],
        validation_split=params["split"],
        verbose=0,
    )
    scores = model.predict(x[:held], batch_size=10_000, verbose=0)[:, 0]
    model.save(folder / "script.keras")
    print(json.dumps({"test_auc": area(scores, y[:held])}))


def arrays(folder: Path, params: dict[str, Any]) -> tuple[Matrix, Matrix]:
    """Return the shuffled inputs of all entries, and which of two classes each is of."""
    trees = [
        uproot.open(path)[params["branch"]] for path in (folder / "files.txt").read_text().split()
    ]
    left_out = params["identifier"]
    names = [str(key) for key in trees[0].iterkeys() if key not in left_out]
    columns = [
        scaled(ak.concatenate([tree[name].array(library="ak") for tree in trees])) for name in names
    ]
    x = np.concatenate(columns, axis=1)
    y = np.repeat(np.array([0, 1], np.float32), [tree.num_entries for tree in trees])
    order = np.random.default_rng(0).permutation(len(x))
    return x[order], y[order]


def scaled(branch: ak.Array) -> Matrix:
    """Return a branch between 0 and 1, a column for each place of its longest row."""
    low, high = ak.min(branch), ak.max(branch)
    branch = (branch - low) / ((high - low) or 1)
    if branch.ndim == 1:
        return np.asarray(branch, np.float32)[:, None]
    longest = int(ak.max(ak.num(branch)))
    padded = ak.fill_none(ak.pad_none(branch, longest, clip=True), 0)
    return np.asarray(padded, np.float32)


def network(folder: Path, width: int) -> Any:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    made: dict[str, Any] = {}
    exec((folder / "model.py").read_text(), made)
    return made["model"](width)


def area(scores: Matrix, y: Matrix) -> float:
    """Return the area under the ROC curve, from the ranks of the signal."""
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    signal = int(y.sum())
    above = ranks[y == 1].sum() - signal * (signal + 1) / 2
    return float(above / (signal * (len(y) - signal)))


if __name__ == "__main__":
    main()
