"""PyTorch models on logical devices, which are all the processor.

As a program, `python -m tests.….torchdevices MODEL.PY CHECKPOINT DEVICES ROUNDS`: trains so many
rounds, from the checkpoint if it is there, writes one after each, and tells the weights' digest.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.adapters.trainers.torch.framework import Torch
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params, Resources

ROWS, COLUMNS = 107, 4


def entries(**more):
    """Return rows whose number is no multiple of batches or devices."""
    x = np.random.default_rng(0).random((ROWS, COLUMNS), np.float32)
    y = (x.sum(1) > 2).astype(np.float32)
    return Block(**{"x": x, "y": y, "order": np.arange(ROWS, dtype=np.int32), **more})


def built(path, text, devices, *, batch_size=20, **job):
    """Return a model on so many devices."""
    path.write_text(text)
    job = TrainingJob(
        **{
            "name": "luca_1",
            "params": Params(batch_size=batch_size),
            "columns": COLUMNS,
            "chunks": 1,
            "labels": (0.0, 1.0),
            "resources": Resources(device="gpu"),
            **job,
        }
    )
    return modelfile.build(path, job, [Torch(lambda: ("cpu",) * devices)], 120)[1]


def learned(model, block, rounds=2):
    """Return the weights after some rounds, as one array, and the figures of the last."""
    for _ in range(rounds):
        model.learn(block)
        metrics = model.metrics()
    return weights(model), metrics


def weights(model):
    held = model.module.state_dict().values()
    return np.concatenate([each.detach().double().numpy().ravel() for each in held])


def main(path, checkpoint, devices, rounds):
    model = built(path, path.read_text(), devices)
    done = 0
    if checkpoint.exists():
        with np.load(checkpoint) as kept:
            done = int(kept["rounds"])
            model.restore({"torch": kept["torch"]})
    for number in range(done, rounds):
        model.learn(entries())
        model.end_round(number, model.metrics())
        with checkpoint.with_suffix(".new").open("wb") as file:
            np.savez(file, rounds=number + 1, **model.state())
        checkpoint.with_suffix(".new").rename(checkpoint)
        told(f"round {number + 1}")
    told(hashlib.sha256(weights(model).tobytes()).hexdigest())


def told(line):
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
