"""Each function alone in its image, as `faas-cli local-run` starts it; needs `make platform-up`."""

import os
import signal
import subprocess
from contextlib import suppress

import pytest

from deploy.testbed import credentials, functions, probe, process, programs
from deploy.testbed.place import REPOSITORY, Place
from mlaas4hep.laptop.ports import free_ports

PLACE = Place.from_env(os.environ)
#: A function alone has no MinIO and no NATS; its root is read-only, so that temporary files and
#: the watchdog's lock file lie in memory.
ALONE = {
    "TMPDIR": "/dev/shm",
    "MLAAS_CACHE_DIR": "/dev/shm/cache",
    "MLAAS_STORE": "memory:",
    "MLAAS_NATS": "memory:",
}


@pytest.fixture(scope="session", autouse=True)
def platform():
    if not process.running(PLACE, "dispatcher"):
        pytest.skip("the platform is not up: make platform-up")
    if not programs.is_real(PLACE, "faas-cli"):
        pytest.skip("this faas-cli is older than local-run: ../shared/upstream has today's")
    return PLACE


@pytest.fixture(scope="session")
def folder(platform, tmp_path_factory):
    """Make a folder with stack.yml and the secrets, readable for the images' own user."""
    made = tmp_path_factory.mktemp("local-run")
    (made / "stack.yml").write_text((REPOSITORY / "stack.yml").read_text())
    (made / "template").symlink_to(REPOSITORY / "templates")
    secrets = made / ".secrets"
    secrets.mkdir(mode=0o755)
    _, public = credentials.dispatcher_keys(platform)
    texts = {"dispatcher-public-key": public.read_text()}
    for name in functions.NAMES:
        texts |= {f"{name}-store-key": "nobody:nothing", f"{name}-nats-user": "nobody:nothing"}
    for name, text in texts.items():
        (secrets / name).write_text(text)
        (secrets / name).chmod(0o644)
    secrets.chmod(0o755)
    return made


@pytest.fixture(scope="session")
def leaving():
    """Return the functions that were told to end, by name: a watchdog takes five seconds to."""
    told = {}
    yield told
    for child in told.values():
        child.wait(60)


@pytest.fixture
def local_run(platform, folder, leaving):
    """Return a function that starts a function: its address, its process, its output."""
    running = []

    def start(name, *, until_ready=True, **settings):
        if name in leaving:  # its container has the name that this one gets
            leaving.pop(name).wait(60)
        (port,) = free_ports(1)
        variables = [f"--env={k}={v}" for k, v in {**ALONE, **settings}.items()]
        log = (folder / f"{name}.log").open("w+")
        child = subprocess.Popen(
            [
                platform.program("faas-cli"),
                "local-run",
                name,
                "--build=false",
                f"--port={port}",
                "--network=mlaas",
                *variables,
            ],
            cwd=folder,
            env=platform.environment(**functions.environment(platform)),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        running.append((name, child, log))
        url = f"http://127.0.0.1:{port}"
        if until_ready:
            process.wait(probe.http(f"{url}/_/ready"), 90, f"local-run of {name}")
        return url, child, folder / f"{name}.log"

    yield start
    for name, child, log in running:
        with suppress(ProcessLookupError):  # as a terminal does: faas-cli waits for its docker
            os.killpg(child.pid, signal.SIGTERM)
        leaving[name] = child
        log.close()
