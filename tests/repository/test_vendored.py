"""What the page has from npm is what the lock says, with the licences."""

import hashlib
import json
from pathlib import Path

WEB = Path(__file__).parents[2] / "mlaas4hep" / "web"
WANTED = json.loads((WEB / "vendored.json").read_text())
LOCK = json.loads((WEB / "vendored.lock").read_text())


def test_every_vendored_file_is_the_one_that_was_fetched():
    locked = {
        path: digest for package in LOCK.values() for path, digest in package["files"].items()
    }
    found = {
        str(path.relative_to(WEB)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in (WEB / "ui" / "vendor", WEB / "licences")
        for path in folder.iterdir()
    }

    assert found == locked


def test_the_lock_is_of_the_versions_that_are_asked_for():
    assert {name: package["version"] for name, package in LOCK.items()} == {
        name: package["version"] for name, package in WANTED.items()
    }
    assert all(package["integrity"].startswith("sha512-") for package in LOCK.values())


def test_every_package_comes_with_its_licence():
    for path in (WEB / "licences").iterdir():
        text = path.read_text()
        assert "MIT" in text or "Apache License" in text, path.name
