"""chunk-preprocess: one planned set of entries in, one trainable chunk out."""

from mlaas4hep.core.events import ChunkPlanned
from mlaas4hep.faas import on_event
from mlaas4hep.steps.chunks import preprocess_chunk

function = on_event(
    "chunk-preprocess",
    {ChunkPlanned: preprocess_chunk},
    warms=["mlaas4hep.adapters.rootfiles"],
)
