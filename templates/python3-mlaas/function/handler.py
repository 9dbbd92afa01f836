"""Say which event wakes which step; `faas.wsgi` and `faas.asgi` take whole apps instead."""

from mlaas4hep.faas.on_event import on_event

function = on_event("NAME", {})
