"""A function of your own beside the five: what it answers stands in `make_app`.

`services` reach buckets and run records as far as the function's secrets allow. A function that
the dispatcher wakes is `on_event(NAME, {Event: step})` of the same module.
"""

from typing import Any

import flask

from mlaas4hep.faas.on_event import wsgi


def make_app(_services: Any, _settings: Any) -> flask.Flask:
    """Return the app; without a route for readiness, that would mean that the stores answer."""
    app = flask.Flask(__name__, static_folder=None)
    app.add_url_rule("/", "greet", greet, methods=["GET", "POST"])
    app.add_url_rule("/_/ready", "ready", lambda: {"status": "ready"})
    return app


def greet() -> dict[str, str]:
    """Greet whoever the body names."""
    return {"greeting": f"Hello, {flask.request.get_data(as_text=True).strip() or 'world'}."}


function = wsgi("greeter", make_app)
