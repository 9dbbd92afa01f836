"""`python -m bench.growth`: what grows, at three sizes, with the slope: 1 is linear, 0 does not grow.

A part of `make bench`; each case is repeated at 100, 300 and 1000 things, and its line is the
processor time at the largest, which other people's load changes least. The slope is that of the
logarithms: 2 would mean that twice as many take four times.
"""

import argparse
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench.part import run, tell
from bench.steps.bodies import prepared
from bench.steps.inputs import Inputs
from bench.steps.pipeline import Pipeline
from bench.table import Line, Sample, lines
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.serving.modellists import ModelLists

SIZES = (100, 300, 1000)
Timed = Callable[[int, Path, argparse.Namespace], dict[str, float]]  #: seconds by case


def measure(options: argparse.Namespace) -> list[Line]:
    """Time every case at every size, in each round."""
    chosen = [timed for name, timed in CASES.items() if options.only in name]
    rounds = [_round(chosen, options) for _ in range(options.rounds)]
    return lines("growth", "s", rounds, {}) if chosen else []


def _round(chosen: Sequence[Timed], options: argparse.Namespace) -> dict[str, Sample]:
    done = {}
    for timed in chosen:
        at_size = []
        for size in SIZES:
            tell(f"{timed.__name__} {size}")
            with tempfile.TemporaryDirectory(prefix="bench-") as folder:
                at_size.append(timed(size, Path(folder).resolve(), options))
        for name, last in at_size[-1].items():
            done[name] = Sample(last, notes={"slope": _slope([each[name] for each in at_size])})
    return done


def _slope(seconds: Sequence[float]) -> float:
    return float(np.polyfit(np.log(SIZES), [math.log(each) for each in seconds], 1)[0])


def files(size: int, folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Measure and cut a run of many small files."""
    inputs = Inputs("many", files=size)
    urls = [str(path) for path in inputs.paths(options.inputs)]
    started = time.process_time()
    planned = Pipeline(folder, urls, inputs, 10_000).specs()
    specs = time.process_time() - started
    started = time.process_time()
    prepared(Pipeline(folder, urls, inputs, 10_000), planned)
    return {
        "specs of 1000 files": specs,
        "chunks of 1000 files": time.process_time() - started,
    }


def models(size: int, folder: Path, _options: argparse.Namespace) -> dict[str, float]:
    """List an owner's models, as `GET /models` does: for the first time, and again."""
    store = DirectoryStore(folder, "models")
    lists = ModelLists(store)
    for number in range(size):
        record = ModelRecord(owner="o", name=f"m{number}", version="1", files=())
        modelrecords.write(record, store)
    taken = []
    for _ in range(2):
        started = time.process_time()
        assert len(lists.everybody()) == size
        taken.append(time.process_time() - started)
    return {"list of 1000 models": taken[0], "the same list again": taken[1]}


CASES: dict[str, Timed] = {"files": files, "models": models}


if __name__ == "__main__":
    run("growth", __doc__, measure)
