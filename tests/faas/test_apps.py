"""Functions that are apps of their own, and what every function answers of its health."""

from dataclasses import replace

import flask
import pytest

from mlaas4hep.errors import (
    ServiceUnavailableError,
)
from mlaas4hep.faas import on_event as faas
from mlaas4hep.settings import Settings, SettingsError
from tests.faas.dispatching import warmed


def test_an_app_makes_ready_ahead_once_and_goes_on_if_it_cannot(services, settings):
    seen = []

    def warm(app):
        seen.append(app.name)
        raise ServiceUnavailableError("the store is away")

    function = faas.wsgi("own", lambda _services, _settings: flask.Flask("own"), warm=warm)
    client = function.factory(services, settings).test_client()
    assert seen == []

    answers = [client.get("/_/ready").status_code for _ in range(2)]
    warmed()

    assert answers == [200, 200]
    assert seen == ["own"]


def test_a_function_without_its_store_is_healthy_but_not_ready(services, settings, tmp_path):
    class Away:
        def info(self, _key):
            raise ServiceUnavailableError("the store is away")

    function = faas.on_event("train", {})
    client = function.factory(replace(services, runs_files=Away()), settings).test_client()

    assert client.get("/_/health").status_code == 200
    assert client.get("/_/ready").status_code == 503


def test_an_event_function_does_not_start_without_the_dispatchers_public_key(services):
    with pytest.raises(SettingsError):
        faas.on_event("train", {}).factory(services, Settings())


def test_an_app_keeps_its_own_routes_and_gets_health_and_readiness(services, settings):
    def make_app(_services, _settings):
        app = flask.Flask("own")
        app.add_url_rule("/hello", "hello", lambda: "hello")
        app.add_url_rule("/_/health", "mine", lambda: "mine")
        return app

    client = faas.wsgi("workflow", make_app).factory(services, settings).test_client()

    assert client.get("/hello").text == "hello"
    assert client.get("/_/health").text == "mine"
    assert client.get("/_/ready").json == {"status": "ready"}
