"""`mlaas4hep login` at a real OpenID Connect provider, and what becomes of its tokens."""

import os
import subprocess
import sys
import threading
from dataclasses import replace
from types import SimpleNamespace
from typing import ClassVar

import httpx2
import keyring
import pytest
from keyring.backend import KeyringBackend

from mlaas4hep.cli.logins import endpoints
from mlaas4hep.cli.logins.renewing import EndpointTokens
from mlaas4hep.client import Client
from mlaas4hep.client.oauth import device
from mlaas4hep.client.oauth.grant import ends_at
from mlaas4hep.client.oauth.provider import discover
from mlaas4hep.errors import UnauthenticatedError
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.http.workflow.front import front
from mlaas4hep.settings import Settings
from tests.asgi import serving
from tests.calls import PATIENCE_S
from tests.cli.conftest import Gateway
from tests.cli.provider import confirm, form, provider
from tests.people import FOLDER, World, pack


@pytest.fixture(scope="module")
def issuer(tmp_path_factory):
    with provider(tmp_path_factory.mktemp("provider")) as url:
        yield url


@pytest.fixture
def site(issuer, tmp_path):
    """A deployment whose people come from the provider, with tokens of an hour."""
    settings = Settings(
        issuer=issuer,
        audience="mlaas4hep",
        login_client="mlaas4hep-login",
        login_resource="urn:audience:mlaas4hep",
    )
    services = World(tmp_path).services
    with serving(Gateway(front(make_app(services, settings)))) as url:
        yield SimpleNamespace(url=url, services=services)


@pytest.fixture
def signed_in(cli, site, tmp_path):
    """Return the endpoint after a login for which a browser was opened."""
    browser, address = tmp_path / "browser", tmp_path / "address"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {address}\n')
    browser.chmod(0o755)
    os.mkfifo(address)
    threading.Thread(target=lambda: confirm(address.read_text()), daemon=True).start()
    command = [sys.executable, "-m", "mlaas4hep.cli", "login", "site", "--url", site.url, "--open"]
    environment = {**os.environ, "BROWSER": f"{browser} %s"}
    said = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (said.returncode, said.stdout) == (0, f"site: alice at {site.url}\n"), said.stderr
    assert "and confirm the code " in said.stderr
    return endpoints.load().find("site")


def test_who_confirmed_the_code_in_a_browser_is_signed_in(cli, signed_in):
    assert cli("usage").out.startswith("alice in atlas")
    assert signed_in.renewal.refresh_token
    assert signed_in.renewal.kind == "access_token"


def test_a_token_that_is_about_to_end_is_renewed_while_a_run_is_watched(cli, site, signed_in):
    with Client(site.url, signed_in.token) as here:
        here.upload(pack(FOLDER), name="luca")
        here.submit("luca")
        here.cancel("luca_1")
    ending = EndpointTokens(signed_in, clock=lambda: ends_at(signed_in.token) - 10)

    with Client(site.url, ending) as here:
        seen = [report.status for report in here.watch("luca_1")]
    renewed = endpoints.load().find("site")

    assert seen == ["cancelled"]
    assert renewed.token != signed_in.token
    assert renewed.renewal.refresh_token != signed_in.renewal.refresh_token
    assert cli("status", "luca_1").code == 0


def test_what_another_process_renewed_is_used_and_nothing_asked_twice(signed_in):
    first, second = EndpointTokens(signed_in), EndpointTokens(signed_in)

    fresh = first.after(signed_in.token)

    assert fresh != signed_in.token
    assert second.after(signed_in.token) == fresh
    assert second.after("another") is None


def test_a_sign_in_that_has_ended_says_how_to_sign_in_again(cli, site, signed_in):
    broken = replace(signed_in.renewal, refresh_token="gone")
    endpoints.save(endpoints.load().first(replace(signed_in, token="a.b.c", renewal=broken)))

    said = cli("usage")

    assert said.code == 1
    assert "your sign-in has ended" in said.err
    assert f"mlaas4hep login site --url {site.url}" in said.err


def test_a_person_who_aborts_is_not_signed_in(issuer):
    code = device.start(
        discover(issuer), "mlaas4hep-login", "openid offline_access", "urn:audience:mlaas4hep"
    )
    pauses = []

    def refuse(seconds):
        pauses.append(seconds)
        with httpx2.Client(follow_redirects=True, timeout=PATIENCE_S) as browser:
            action, fields = form(browser.get(code.url).text)
            action, fields = form(browser.post(action, data=fields).text)
            browser.post(action, data={**fields, "abort": "yes"})

    with pytest.raises(UnauthenticatedError, match="you are not signed in"):
        device.wait(code, refuse)
    assert pauses == [1.0]  # as this provider wishes


def test_a_wrong_password_signs_nobody_in(issuer):
    code = device.start(discover(issuer), "mlaas4hep-login", "openid", "urn:audience:mlaas4hep")

    assert confirm(code.url, secret="guess").status_code == 401


def test_a_deployment_without_such_a_sign_in_says_what_else_there_is(cli, deployment):
    said = cli("login", "site", "--url", deployment[1], "--device")

    assert said.code == 1
    assert "has no sign-in for terminals" in said.err
    assert "copy a token from the page" in said.err


def test_a_refresh_token_goes_into_the_keyring_where_there_is_one(cli, signed_in):

    class Memory(KeyringBackend):
        priority = 1
        kept: ClassVar[dict[tuple[str, str], str]] = {}

        def get_password(self, service, username):
            return self.kept.get((service, username))

        def set_password(self, service, username, password):
            self.kept[service, username] = password

        def delete_password(self, service, username):
            del self.kept[service, username]

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        EndpointTokens(signed_in).after(signed_in.token)
        stored = endpoints.load().find("site")
        again = EndpointTokens(stored).after(stored.token)
        cli("logout", "site")
    finally:
        keyring.set_keyring(before)

    assert stored.renewal.refresh_token == ""
    assert again not in (None, stored.token)
    assert Memory.kept == {}
