"""The trainings of test_training.py: what is submitted for each, in the order of the issue's tables."""

import numpy as np

from tests.acceptance.right_or_refused.oddmodels import (
    DIVERGING,
    EMA,
    KERAS_1,
    OWN_FIT,
    OWN_LOSS,
    RAISING,
    SEVERAL,
    TWO_NAMES,
)
from tests.acceptance.right_or_refused.samples import (
    COMMON,
    FEW,
    IS_SIGNAL,
    RARE,
    SORTED,
    SPOILT,
    USUAL,
    packed,
    root_file,
)


def usual(x):
    return (x - x.min(0)) / (x.max(0) - x.min(0))


def standardised(x):
    return (x - x.mean(0)) / x.std(0)


def cared_for(x):
    """Return what `missing`, `clip` and `scaling` of params.json ask for, without them."""
    lost = x == -999
    x = np.where(lost, np.nan, x)
    x = np.clip(x, *np.nanquantile(x, (0.005, 0.995), axis=0))
    return np.where(lost, 0.0, (x - np.nanmean(x, 0)) / np.nanstd(x, 0))


CARE = {"missing": [-999], "clip": "quantiles", "scaling": "standard"}


#: run to its tarball; in the order of the issue's tables
ROWS = {
    "two-files": lambda: packed(USUAL),
    "sorted": lambda: packed({"a.root": root_file(SORTED, s=IS_SIGNAL)}, labels="s\n"),
    "rare": lambda: packed({"s.root": RARE, "b.root": COMMON}, scaling="standard"),
    "sentinel": lambda: packed(SPOILT, **CARE),
    "averaged": lambda: packed(USUAL, model=EMA, training="standard"),
    "own-loss": lambda: packed(
        {"a.root": root_file(SORTED, s=2 * IS_SIGNAL - 1)},
        labels="s\n",
        model=OWN_LOSS,
        training="chunked",
        chunk_size=5000,
    ),
    "own-fit": lambda: packed(
        FEW,
        model=OWN_FIT,
        epochs=9,
        beside={"mine.py": "UNITS = int(open('units.txt').read())\n", "units.txt": "4"},
    ),
    "diverging": lambda: packed(FEW, model=DIVERGING, epochs=1),
    "raising": lambda: packed(FEW, model=RAISING, epochs=1, task="binary"),
    "names": lambda: packed(FEW, model=TWO_NAMES, labels="higgs\nqcd\n", positive="higgs"),
    "keras-1": lambda: packed(FEW, model=KERAS_1, epochs=1),
    "several": lambda: packed(
        {"a.root": root_file(SORTED, s=IS_SIGNAL, e=SORTED.sum(1), pileup=SORTED[:, 1] ** 2)},
        model=SEVERAL,
        labels={"tags": ["s", "x2 > 0 && s"], "size": "e"},
        loss_columns=["pileup"],
        exclude_branches="none*",
    ),
    "nowhere": lambda: packed({"root://no-such-host.invalid//store/a.root": b""}, labels="1\n"),
}
