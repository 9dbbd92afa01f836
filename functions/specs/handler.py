"""specs: what a run's files hold is found out, range by range."""

from mlaas4hep.faas.on_event import on_event

function = on_event("specs", warms=["mlaas4hep.adapters.sources.root.files"])
