"""The rows of a run's chunks, for one of several workers; needs `pip install mlaas4hep[chunks]`."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlaas4hep.client import Client
from mlaas4hep.core.runs.chunkrows import loss_weights, read, split
from mlaas4hep.core.runs.views import RunChunks


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The chunks of one worker, as files."""

    told: RunChunks
    files: dict[int, Path]  #: by number of the chunk

    @classmethod
    def of(cls, run: str, folder: Path, rank: int = 0, workers: int = 1) -> "Rows":
        """Fetch every `workers`-th chunk of a run, once, into `folder`."""
        with Client(os.environ["MLAAS4HEP_URL"], os.environ["MLAAS4HEP_TOKEN"]) as client:
            told = client.chunks(run)
            files = {
                each.index: folder / f"{each.content}.chunk"
                for each in told.chunks
                if each.index % workers == rank
            }
            for index, file in files.items():
                if not file.exists():
                    client.fetch_chunk(run, index, file)
        return cls(told=told, files=files)

    def batches(self, size: int, epoch: int) -> Iterator[tuple[np.ndarray, ...]]:
        """Yield inputs, labels and weights of training rows, mixed within each chunk."""
        random = np.random.default_rng([self.told.seed, epoch])
        for index in random.permutation(list(self.files)):
            chunk = read(np.memmap(self.files[index], mode="r"), self.told.chunks[index])
            weights = loss_weights(chunk, self.told)
            rows = random.permutation(split(chunk, self.told).train)
            for start in range(0, len(rows), size):
                taken = rows[start : start + size]
                yield chunk.x[taken], chunk.y[taken], weights[taken]
