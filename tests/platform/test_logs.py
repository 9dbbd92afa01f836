"""What all tests before made the platform log holds no password, key or token."""

import subprocess

import pytest

from deploy.testbed import credentials
from deploy.testbed.containers import docker
from tests.platform.spoken import leaks, secrets_in


@pytest.fixture(scope="module")
def secrets(platform):
    return secrets_in(platform.folder("credentials"))


@pytest.fixture(scope="module")
def logs(platform):
    """Return the log of every process and of every container that the daemon still has."""
    files = {
        path.name: path.read_text(encoding="utf-8", errors="replace")
        for path in platform.folder("logs").glob("*.log")
    }
    return files | {f"container {each}": _log_of(platform, each) for each in _containers(platform)}


def _containers(platform):
    return docker.run(platform, "ps", "--all", "--quiet").split()


def _log_of(platform, container):
    """Return what a container has said; nothing of one that was removed since it was listed."""
    try:
        return docker.logs(platform, container)
    except subprocess.CalledProcessError:
        assert container not in _containers(platform)
        return ""


def test_no_log_holds_a_secret_or_a_token(logs, secrets, platform):
    wanted = {f"{name}.log" for name in ("dispatcher", "gateway", "nats", "minio", "door-workflow")}

    assert wanted <= logs.keys()
    assert len(secrets) > 20
    found = [leak for name, text in logs.items() for leak in leaks(name, text, secrets)]
    assert not found, f"of before? `make platform-down`, remove {platform.folder('logs')}"


def test_what_would_be_a_leak_is_found(alice, platform, secrets):
    password = credentials.text(platform, "basic-auth-password")
    text = f"good\nBearer {alice.token}\nlogin {password}\n"

    assert leaks("a.log", text, secrets) == ["a.log, line 2: a token", "a.log, line 3: a secret"]
