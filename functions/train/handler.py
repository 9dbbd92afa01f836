"""train: a model is fitted to chunks while they are being made."""

from mlaas4hep.core.events import ChunkReady
from mlaas4hep.faas import on_event
from mlaas4hep.steps.train import train

function = on_event("train", {ChunkReady: train})
