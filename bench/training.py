"""`python -m bench.training`: an epoch streamed from chunk files against `fit` in memory.

Everything runs in one process on the same data, the same model and the same batch size; a round
is one epoch of each case, so that what a noisy machine does hits all alike. The memory shown is
that of this process: the data lie in it for `fit`, whatever the streamed cases need.
"""

import argparse
import mmap
import resource
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.part import chosen, run, tell
from bench.table import Line, Sample, lines
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.modelfile import build
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData, block_rows
from mlaas4hep.adapters.trainers.loading import load
from mlaas4hep.core.data.chunk import Chunk, decode, encode
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

COLUMNS, CHUNK, CHUNKS, BATCH = 442, 10_000, 10, 100
IN_MEMORY, DEFAULT = "fit in memory, many steps in one call", "fit in memory, as Keras comes"
STANDARD, READ, LOSSES = "streamed, standard", "the same rows only read", "losses beside fit's"
MIDDLE = 2.5  #: of the sum of five columns
MODEL = """
import keras
from keras.layers import Dense, Dropout, Input

def model(idim):
    made = keras.Sequential([
        Input((idim,)), Dense(128, activation="relu"), Dropout({dropout}),
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

    def __init__(self, folder: Path) -> None:
        random = np.random.default_rng(0)
        self.x = random.random((CHUNK * CHUNKS, COLUMNS), dtype=np.float32)
        self.y = (self.x[:, :5].sum(axis=1) > MIDDLE).astype(np.float32)
        self.folder = folder
        for index in range(CHUNKS):
            rows = slice(index * CHUNK, (index + 1) * CHUNK)
            (folder / str(index)).write_bytes(encode(self.x[rows], self.y[rows]))

    def cases(self) -> dict[str, Callable[[], Any]]:
        return {
            IN_MEMORY: self._fit(100),
            DEFAULT: self._fit(1),
            STANDARD: self._streamed("standard"),
            "streamed, chunked": self._streamed("chunked"),
            READ: self._read(),
        }

    def losses_apart(self) -> float:
        """Return how far the loss of an epoch is from that of Keras's own `fit`, in order."""
        model = self._built(dropout=0).keras
        kept = model.fit(self.x, self.y, batch_size=BATCH, shuffle=False, epochs=1, verbose=0)
        (ours,) = self._rounds(self._built(dropout=0), self._job("standard", shuffle=False))
        apart: float = abs(ours["loss"] - kept.history["loss"][0])
        return apart

    def _built(self, dropout: float = 0.2) -> Any:
        path = self.folder / "model.py"
        path.write_text(MODEL.replace("{dropout}", str(dropout)))
        return build(path, self._job("standard"), [load("keras")], 60)[1]

    def _fit(self, steps: int) -> Callable[[], Any]:
        model = self._built().keras
        model.steps_per_execution = steps
        return lambda: model.fit(self.x, self.y, batch_size=BATCH, verbose=0)

    def _job(self, training: Any, shuffle: bool = True) -> TrainingJob:
        params = Params(epochs=1, batch_size=BATCH, split=0.0, training=training, shuffle=shuffle)
        return TrainingJob(name="bench", params=params, columns=COLUMNS, chunks=CHUNKS)

    def _data(self, model: Any, job: TrainingJob) -> TrainingData:
        return TrainingData(Files(self.folder), model, SeenLabels("binary"), job)

    def _rounds(self, model: Any, job: TrainingJob) -> list[dict[str, float]]:
        return list(fit(model, self._data(model, job), job, SeenLabels("binary", (0, 1)), 0))

    def _streamed(self, training: str) -> Callable[[], Any]:
        model, job = self._built(), self._job(training)
        return lambda: self._rounds(model, job)

    def _read(self) -> Callable[[], Any]:
        """Read all rows and put them in the order of training, as the engine does."""
        data = self._data(self._built(), self._job("standard"))
        size = block_rows(BATCH, COLUMNS)
        taken = np.empty((size, COLUMNS), np.float32)

        def read() -> None:
            for block in data.blocks(range(CHUNKS), 0):
                for start in range(0, len(block.order), size):
                    rows = block.order[start : start + size]
                    np.take(block.x, rows, axis=0, out=taken[: len(rows)], mode="clip")

        return read


def timed(case: Callable[[], Any]) -> Sample:
    """Do one epoch."""
    started, cpu = time.perf_counter(), time.process_time()
    case()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    return Sample(
        value=CHUNK * CHUNKS / seconds / 1000,
        per_cpu=CHUNK * CHUNKS / cpu,
        memory_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        notes={"seconds": seconds},
    )


def one_round(cases: dict[str, Callable[[], Any]]) -> dict[str, Sample]:
    """Do one epoch of each case, and hold them against one another."""
    done = {name: timed(case) for name, case in cases.items()}
    for name, other, what, factor in (
        (STANDARD, DEFAULT, "x as Keras comes", 1.0),
        (READ, STANDARD, "% of an epoch", 100.0),
    ):
        if name in done and other in done:
            notes = done[name].notes
            quotient = done[name].value / done[other].value
            figure = quotient if factor == 1 else factor / quotient
            done[name] = replace(done[name], notes={**notes, what: figure})
    return done


def measure(options: argparse.Namespace) -> list[Line]:
    """Run all rounds, after one that traces the graphs and fills the page cache."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        bench = Bench(Path(folder))
        made = bench.cases()
        yardsticks = dict.fromkeys([name for name in made if name != IN_MEMORY], IN_MEMORY)
        names = chosen(list(made), yardsticks, options.only)
        cases = {name: made[name] for name in names}
        rounds = []
        for number in range(options.rounds + 1):
            tell(f"round {number} of {options.rounds}")
            rounds.append(one_round(cases))
        found = lines("training", "k entries/s", rounds[1:], yardsticks) if cases else []
        if options.only in LOSSES:
            apart = Sample(value=bench.losses_apart())
            found += lines("training", "apart", [{LOSSES: apart}], {})
    return found


if __name__ == "__main__":
    run("training", __doc__, measure)
