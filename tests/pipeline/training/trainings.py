"""What tests of the train step have in common: a run of two files, ready to be trained on."""

from dataclasses import replace

from mlaas4hep.core import keys
from mlaas4hep.core.runs.events import (
    ChunkReady,
)
from mlaas4hep.testing import pipeline

FIRST = ChunkReady(owner="o", run="r_1", index=0, key="", entries=20)
SECOND = replace(FIRST, index=1)
MODEL_PY = b"def model(idim): ..."


def prepare(services, files, **request):
    """Do everything up to the chunks of run r_1."""
    services.runs_files.put(keys.run("o", "r_1", "model.py"), MODEL_PY)
    request = {"chunk_size": 20, "epochs": 3, "identifier": (), **request}
    return pipeline.run(services, files, **request)


def stored(store):
    return [info.key for info in store.list("o/r_1/")]
