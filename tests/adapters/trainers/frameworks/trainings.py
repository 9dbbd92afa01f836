"""Trainings in this process, of entries that are easy to learn."""

import numpy as np

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.child.fitting import fit
from mlaas4hep.adapters.trainers.child.labels import SeenLabels
from mlaas4hep.adapters.trainers.child.trainingdata import TrainingData
from mlaas4hep.adapters.trainers.loading import load
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

CHUNKS, ENTRIES, COLUMNS = 3, 400, 4
TASKS = ("binary", "multiclass", "regression")


def make_chunk(index, task):
    """Return entries that are easy to learn, a tenth of one column missing."""
    random = np.random.default_rng([index, 7])
    x = random.random((ENTRIES, COLUMNS), dtype=np.float32)
    holes = np.sort(random.choice(ENTRIES, ENTRIES // 10, replace=False)) * COLUMNS + 3
    x.reshape(-1)[holes] = 0
    value = x[:, 0] + 0.5 * x[:, 1] + 0.02 * random.standard_normal(ENTRIES)
    labels = {
        "binary": value > 0.75,
        "multiclass": np.digitize(value, (0.5, 1.0)),
        "regression": value,
    }[task]
    return decode(encode(x, labels.astype(np.float32), holes=holes))


class Chunks:
    """A feed of such chunks."""

    def __init__(self, task):
        self._chunks = [make_chunk(index, task) for index in range(CHUNKS)]

    def chunks(self, indices):
        for index in indices:
            yield index, self._chunks[index]


class Training:
    """One training in this process."""

    def __init__(self, framework, path, text, task, done=0, **job):
        path.write_text(text)
        params = {"epochs": 4, "batch_size": 20, "training": "standard", **job.pop("params", {})}
        values = {"binary": (0.0, 1.0), "multiclass": (0.0, 1.0, 2.0), "regression": ()}[task]
        self.job = TrainingJob(
            **{
                "name": "luca_1",
                "params": Params(**params),
                "columns": COLUMNS,
                "chunks": CHUNKS,
                "entries": CHUNKS * ENTRIES,
                "names": ("pt", "jet[eta]", "jet eta", 'm"<b'),
                "labels": values,
                "frameworks": (framework,),
                **job,
            }
        )
        self.build = lambda: modelfile.build(path, self.job, [load(framework)], 60)[1]
        self.model = self.build()
        self.labels = SeenLabels.of(self.model.summary, self.job)
        self.data = TrainingData(Chunks(task), self.model, self.labels, self.job)
        self.done = done

    def rebuilt(self):
        """Return what Keras itself can fit: the model as it was before the training."""
        return self.build().keras

    def rounds(self):
        return fit(self.model, self.data, self.job, self.labels, self.done)

    def finish(self):
        self.history = list(self.rounds())
        self.model.finish()
        return self

    def predictions(self):
        """Return labels and outputs of the entries that validate."""
        blocks = list(self.data.validation())
        labels = np.concatenate([block.y[block.order] for block in blocks])
        return labels, np.concatenate([self.model.predict(block) for block in blocks])
