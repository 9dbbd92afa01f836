"""chunk-preprocess: one planned set of entries in, one trainable chunk, or scores, out."""

from mlaas4hep.faas.on_event import on_event

function = on_event("chunk-preprocess", warms=["mlaas4hep.adapters.sources.root.files"])
