"""`python -m bench.endtoend`: from ROOT files to a model, beside the script that anybody would write.

`mlaas4hep run` of a million flat and 200 000 jagged entries against a script with uproot, awkward and
Keras's `fit` in memory (`bench/steps/script.py`), as Keras comes and with 100 batches in one call.
All train the same network on the same shares for three epochs. A run also makes what the script
does not: model.onnx, model.tflite and a SavedModel, each checked, figures of all entries, plots.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from bench.overhead import MODEL, PARAMS
from bench.part import ROOT, chosen, run, tell
from bench.steps.inputs import Inputs
from bench.table import Line, Sample, lines

SETS = {"flat": Inputs("small", scale=100), "jagged": Inputs("jagged", scale=2)}
ENTRIES = {"flat": 1_000_000, "jagged": 200_000}
TUNED = 100  #: batches in one call


def measure(options: argparse.Namespace) -> list[Line]:
    """Do each of them once in every round."""
    yardsticks = {
        f"{kind}, {what}": f"{kind}, tuned script" for kind in SETS for what in ("run", "script")
    }
    names = chosen([*yardsticks, *dict.fromkeys(yardsticks.values())], yardsticks, options.only)
    rounds = [
        _compared({name: _done(name, options.inputs) for name in names})
        for _ in range(options.rounds)
    ]
    return lines("endtoend", "k entries/s", rounds, yardsticks) if names else []


def _compared(done: dict[str, Sample]) -> dict[str, Sample]:
    """Return the samples of a round, with how far a run's AUC is from that of the script."""
    for kind in SETS:
        if (mine := done.get(f"{kind}, run")) is not None:
            apart = abs(mine.notes["AUC"] - done[f"{kind}, tuned script"].notes["AUC"])
            done[f"{kind}, run"] = replace(mine, notes={**mine.notes, "AUC apart": apart})
    return done


def _done(name: str, inputs: Path) -> Sample:
    tell(name)
    kind, what = name.split(", ")
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        _write(folder, SETS[kind].paths(inputs))
        command = {
            "run": ["mlaas4hep.cli", "run", str(folder), "--json"],
            "script": ["bench.steps.script", str(folder), "1"],
            "tuned script": ["bench.steps.script", str(folder), str(TUNED)],
        }[what]
        return _timed(command, ENTRIES[kind])


def _write(folder: Path, paths: list[Path]) -> None:
    (folder / "files.txt").write_text("".join(f"{path}\n" for path in paths))
    (folder / "labels.txt").write_text("".join(f"{number}\n" for number in range(len(paths))))
    (folder / "model.py").write_text(MODEL)
    (folder / "params.json").write_text(
        json.dumps({**PARAMS, "chunk_size": 10_000, "training": "standard", "metrics": True})
    )


def _timed(command: list[str], entries: int) -> Sample:
    """Run a module to its end; the processor time is that of all its processes."""
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    seconds, after = time.perf_counter() - started, os.times()
    if done.returncode:
        raise RuntimeError(done.stderr)
    cpu = sum(after[2:4]) - sum(before[2:4])
    told = json.loads(done.stdout)
    area = told.get("metrics", told)["test_auc"]
    return Sample(
        value=entries / seconds / 1000,
        per_cpu=entries / cpu,
        notes={"seconds": seconds, "CPU s": cpu, "AUC": area},
    )


if __name__ == "__main__":
    run("endtoend", __doc__, measure)
