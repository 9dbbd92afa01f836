"""`python -m bench.training`: an epoch streamed from chunk files against `fit` in memory.

Everything runs in one process on the same data, the same model and the same batch size; a round
is one epoch of each case, so that what a noisy machine does hits all alike.
"""

import argparse
import json
import mmap
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from bench.table import lines, show
from mlaas4hep.adapters.training.engine import Engine
from mlaas4hep.adapters.training.fitting import fit
from mlaas4hep.adapters.training.learning import Labels
from mlaas4hep.adapters.training.material import MaterialSource
from mlaas4hep.adapters.training.usermodel import build
from mlaas4hep.core.chunkfile import Chunk, decode, encode
from mlaas4hep.core.request import Params
from mlaas4hep.core.training import TrainingJob

COLUMNS, CHUNK, CHUNKS = 442, 10_000, 10
MIDDLE = 2.5  #: of the sum of five columns
MODEL = """
import keras
from keras.layers import Dense, Dropout, Input

def model(idim):
    made = keras.Sequential([
        Input((idim,)), Dense(128, activation="relu"), Dropout(0.2),
        Dense(64, activation="relu"), Dense(1, activation="sigmoid"),
    ])
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return made
"""


class Files:
    """Chunk files, mapped as the training process maps them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def chunks(self, indices: Iterable[int]) -> Iterator[tuple[int, Chunk]]:
        for index in indices:
            with (self._folder / str(index)).open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            yield index, decode(memoryview(mapped))


class Bench:
    """The data, in memory and in files, and one model for each case."""

    def __init__(self, folder: Path, batch: int) -> None:
        random = np.random.default_rng(0)
        self.x = random.random((CHUNK * CHUNKS, COLUMNS), dtype=np.float32)
        self.y = (self.x[:, :5].sum(axis=1) > MIDDLE).astype(np.float32)
        self.batch = batch
        self.folder = folder
        (folder / "model.py").write_text(MODEL)
        for index in range(CHUNKS):
            rows = slice(index * CHUNK, (index + 1) * CHUNK)
            (folder / str(index)).write_bytes(encode(self.x[rows], self.y[rows]))

    def cases(self) -> dict[str, Callable[[], Any]]:
        return {
            "fit in memory, steps_per_execution 100": self._fit(100),
            "fit in memory, as Keras comes": self._fit(1),
            "streamed, standard": self._streamed("standard"),
            "streamed, chunked": self._streamed("chunked"),
            "the same rows only read": self._read(),
        }

    def _built(self) -> Any:
        keras.utils.set_random_seed(21)
        return build(self.folder / "model.py", COLUMNS, 60)

    def _fit(self, steps: int) -> Callable[[], Any]:
        model = self._built().model
        model.steps_per_execution = steps
        return lambda: model.fit(self.x, self.y, batch_size=self.batch, verbose=0)

    def _job(self, training: Any) -> TrainingJob:
        params = Params(epochs=1, batch_size=self.batch, split=0.0, training=training)
        return TrainingJob(name="bench", params=params, columns=COLUMNS, chunks=CHUNKS)

    def _source(self, labels: Any, job: TrainingJob) -> Any:
        return MaterialSource(Files(self.folder), labels, job.params)

    def _streamed(self, training: str) -> Callable[[], Any]:
        built, job = self._built(), self._job(training)
        labels = Labels(built.model.loss, 1)
        engine = Engine(built, self.batch, 1)
        return lambda: list(fit(engine, self._source(labels, job), job, labels, 0))

    def _read(self) -> Callable[[], Any]:
        job, labels = self._job("standard"), Labels("binary_crossentropy", 1)

        def read() -> float:
            blocks = self._source(labels, job).blocks(range(CHUNKS), 0)
            return sum(float(block.x[block.order].max()) for block in blocks)

        return read


def timed(case: Callable[[], Any]) -> dict[str, Any]:
    """Do one epoch."""
    started, cpu = time.perf_counter(), time.process_time()
    case()
    return {
        "entries": CHUNK * CHUNKS,
        "seconds": time.perf_counter() - started,
        "cpu_seconds": time.process_time() - cpu,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "notes": {},
    }


def main() -> None:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(prog="bench.training", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--json", type=Path, help="write the result")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        cases = Bench(Path(folder), options.batch).cases()
        for case in cases.values():  # traces the graphs, fills the page cache
            case()
        rounds = [
            {name: timed(case) for name, case in cases.items()} for _ in range(options.rounds)
        ]
    yardstick, *others = cases
    found = lines(rounds, dict.fromkeys(others, yardstick))
    print(show(found))
    if options.json:
        options.json.write_text(json.dumps({line.name: asdict(line) for line in found}, indent=1))


if __name__ == "__main__":
    main()
