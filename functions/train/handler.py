"""train: a model is fitted to chunks while they are being made."""

from mlaas4hep.faas.on_event import on_event

function = on_event("train", has_own_limit=True)
