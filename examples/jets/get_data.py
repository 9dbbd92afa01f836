"""Generate signal.root and background.root beside this script (or in the folder that is named)."""

import sys
from pathlib import Path

import awkward as ak
import numpy as np
import uproot

RESONANCE = 800.0  # GeV
BASKET = 2000  # entries


def jets(rng, entries, signal):
    """Return rows of jets, hardest first: two of them from the resonance when it is signal."""
    counts = rng.poisson(3.0, entries) + 2 * signal
    total = int(counts.sum())
    pt = 25 + rng.exponential(60.0, total)
    eta = rng.normal(0.0, 1.5, total)
    phi = rng.uniform(-np.pi, np.pi, total)
    first = np.cumsum(counts) - counts
    if signal:
        mass = rng.normal(RESONANCE, 80.0, entries)
        angle = rng.uniform(-np.pi, np.pi, entries)
        for number, turn in enumerate((0.0, np.pi)):
            pt[first + number] = mass / 2 * rng.uniform(0.6, 1.0, entries)
            eta[first + number] = rng.normal(0.0, 0.8, entries)
            phi[first + number] = np.remainder(angle + turn + np.pi, 2 * np.pi) - np.pi
    order = np.lexsort((-pt, np.repeat(np.arange(entries), counts)))
    values = {"pt": pt, "eta": eta, "phi": phi, "mass": 0.1 * pt * rng.uniform(0.5, 1.5, total)}
    return ak.zip(
        {
            key: ak.unflatten(value[order].astype(np.float32), counts)
            for key, value in values.items()
        }
    )


def write(path, rng, entries, signal):
    """Write one file with the tree Events."""
    table = {
        "run": np.full(entries, 1 + signal, dtype=np.uint32),
        "event": np.arange(entries, dtype=np.uint64),
        "luminosityBlock": np.arange(entries, dtype=np.uint32) // 100,
        "MET_pt": rng.exponential(60.0 if signal else 40.0, entries).astype(np.float32),
        "nLepton": rng.poisson(0.3, entries).astype(np.uint8),
        "Jet": jets(rng, entries, signal),
    }
    with uproot.recreate(path) as file:
        file.mktree("Events", {name: _type(values) for name, values in table.items()})
        for start in range(0, entries, BASKET):
            stop = start + BASKET
            file["Events"].extend({name: values[start:stop] for name, values in table.items()})
    print(path)


def _type(values):
    return values.dtype if isinstance(values, np.ndarray) else values.type.content


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    random = np.random.default_rng(21)
    write(folder / "signal.root", random, 6000, True)
    write(folder / "background.root", random, 10000, False)
