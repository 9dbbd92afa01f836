"""chunk-preprocess: one planned set of entries in, one trainable chunk, or scores, out."""

from mlaas4hep.core.runs.events import ChunkPlanned, RangeToScore
from mlaas4hep.faas.on_event import on_event
from mlaas4hep.pipeline.chunks import preprocess_chunks
from mlaas4hep.pipeline.scoring import score_range

function = on_event(
    "chunk-preprocess",
    {ChunkPlanned: preprocess_chunks, RangeToScore: score_range},
    warms=["mlaas4hep.adapters.sources.root.files"],
)
