"""The testbed's OpenID Connect provider on a free port, and a person who confirms codes."""

import html
import json
import re
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from deploy.testbed import probe
from deploy.testbed.place import Place
from deploy.testbed.process import wait
from mlaas4hep.laptop.ports import free_ports
from tests.calls import PATIENCE_S

PEOPLE = {"alice": {"secret": "wonderland", "groups": ["atlas"]}}
PROGRAM = Path(__file__).parents[2] / "deploy/testbed/identity"


@contextmanager
def provider(folder):
    """Yield the issuer; skip where it is not installed."""
    installed = Place.from_env({}).cache / "identity/node_modules"
    if not installed.is_dir() or shutil.which("node") is None:
        pytest.skip("there is no oidc-provider: make platform-install")
    for file in PROGRAM.iterdir():
        shutil.copy(file, folder)
    (folder / "node_modules").symlink_to(installed)
    (folder / "people.json").write_text(json.dumps(PEOPLE))
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = ["node", "issuer.mjs", url, "key.jwk", "people.json"]
    log = (folder / "log").open("wb")
    with log, subprocess.Popen(command, cwd=folder, stdout=log, stderr=log) as process:
        try:
            wait(probe.http(f"{url}/.well-known/openid-configuration"), PATIENCE_S, "the provider")
            yield url
        finally:
            process.kill()


def confirm(url, secret="wonderland", **presses):
    """Do in a browser what a person does: open the address, confirm the code, sign in."""
    with httpx2.Client(follow_redirects=True, timeout=PATIENCE_S) as browser:
        page = browser.get(url)
        for _ in range(2):  # the code, and that it is the one on the terminal
            action, fields = form(page.text)
            page = browser.post(action, data={**fields, **presses})
            if presses:
                return page
        return browser.post(page.url, data={"name": "alice", "secret": secret})


def form(page):
    fields = dict(re.findall(r'name="([^"]*)" value="([^"]*)"', page))
    return html.unescape(re.search(r'action="([^"]*)"', page)[1]), fields
