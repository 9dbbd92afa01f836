"""Every key of a deployment, made once and kept."""

import base64
import shutil
import subprocess

import pytest

from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.admin import secretfiles
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.laptop.ports import free_ports


@pytest.fixture
def folder(tmp_path):
    secretfiles.make(tmp_path / "secrets")
    return tmp_path / "secrets"


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_making_them_twice_changes_nothing(folder):
    before = contents(folder)

    assert secretfiles.make(folder) == []

    assert contents(folder) == before


def test_a_missing_one_is_made_and_no_other_is_touched(folder):
    before = contents(folder)
    (folder / "train-store-key").unlink()

    assert secretfiles.make(folder) == ["train-store-key"]

    changed = {name for name, text in contents(folder).items() if before[name] != text}
    assert changed == {"train-store-key"}


def test_only_their_owner_can_read_them(folder):
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_public_key_belongs_to_the_private_one(folder):
    private = SigningKey.from_pem((folder / secretfiles.PRIVATE).read_text())

    assert (folder / secretfiles.PUBLIC).read_text() == private.public_pem


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("train-nats-user", {"users.conf"}),
        ("dispatcher-private-key", {"dispatcher-public-key"}),
        ("minio-password", {"minio-admin"}),
        ("door-cookie.env", set()),
        ("train-store-key", set()),
    ],
)
def test_a_key_that_is_rotated_brings_what_follows_from_it(folder, name, others):
    before = contents(folder)

    assert set(secretfiles.rotate(folder, [name])) == {name, *others}

    changed = {each for each, text in contents(folder).items() if before[each] != text}
    assert changed == {name, *others}


def test_a_key_of_another_name_is_refused_and_nothing_changes(folder):
    before = contents(folder)

    with pytest.raises(InvalidRequestError, match="'typo' is no key"):
        secretfiles.rotate(folder, ["train-store-key", "typo"])

    assert contents(folder) == before


def test_oauth2_proxy_reads_every_cookie_secret_as_32_bytes(tmp_path):
    for number in range(200):
        folder = tmp_path / str(number % 20)
        secretfiles.make(folder)
        secretfiles.rotate(folder, ["door-cookie.env"])
        _, _, secret = (folder / "door-cookie.env").read_text().strip().partition("=")

        assert len(base64.urlsafe_b64decode(secret)) == 32


@pytest.mark.skipif(shutil.which("oauth2-proxy") is None, reason="no oauth2-proxy on the PATH")
def test_the_real_oauth2_proxy_takes_it(tmp_path):
    secretfiles.make(tmp_path)
    _, _, secret = (tmp_path / "door-cookie.env").read_text().strip().partition("=")
    (port,) = free_ports(1)
    address = f"127.0.0.1:{port}"
    options = [f"--http-address={address}", "--email-domain=*", "--upstream=static://202"]
    identity = ["--client-id=x", "--client-secret=y", "--provider=github"]

    with subprocess.Popen(
        ["oauth2-proxy", *options, *identity, f"--cookie-secret={secret}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as proxy:
        said = []
        for line in proxy.stdout:
            said.append(line)
            if "Cookie settings" in line or "invalid" in line.lower():  # the first word about it
                break
        proxy.kill()

    assert "Cookie settings" in said[-1], said
