"""train: a model is fitted to chunks while they are being made."""

from mlaas4hep.core.runs.events import ChunkReady
from mlaas4hep.faas.on_event import on_event
from mlaas4hep.pipeline.train import train

function = on_event("train", {ChunkReady: train})
