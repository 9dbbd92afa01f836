"""Whatever is killed or replaced in the middle of a run, the run ends with a model."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest

from deploy.testbed import functions, openfaas, process
from deploy.testbed.place import REPOSITORY
from tests.platform.outside import RUN_S

FUNCTION = "chunk-preprocess"


def kill_function(platform):
    """As when the machine takes memory back: no time for a last word."""
    os.kill(openfaas.pid(platform, FUNCTION), signal.SIGKILL)


def deploy_again(platform):
    """As in an upgrade: the function is told to end, and another takes its place."""
    functions.deploy_one(platform, FUNCTION)


def restart(name):
    """Return what takes a process of the platform away and brings it back."""

    def restarted(_platform):
        command = [sys.executable, "-m", "deploy.testbed", "restart", name]
        subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True)

    return restarted


@pytest.mark.parametrize(
    "interrupt",
    [
        pytest.param(kill_function, id="a function is killed"),
        pytest.param(deploy_again, id="a function is deployed again"),
        pytest.param(restart("nats"), id="NATS restarts"),
        pytest.param(restart("minio"), id="MinIO restarts"),
        pytest.param(restart("dispatcher"), id="the dispatcher restarts"),
    ],
)
def test_a_run_survives(interrupt, alice, remote_job, platform):
    alice.forget("tough")
    alice.upload("tough", remote_job(chunk_size=300, epochs=1))
    alice.workflow("GET", "/delete_specs?name=tough")
    run = alice.submit("tough", preproc="preproc.json")
    process.wait(lambda: chunks(alice, run)["done"] > 0, RUN_S, "the first chunk")

    interrupt(platform)

    report = alice.wait(run)
    assert chunks(alice, run)["left"] == 0
    assert report["model"]
    alice.forget("tough")


def chunks(person, run):
    (stage,) = [s for s in person.status(run)["stages"] if s["stage"] == FUNCTION]
    return stage


@pytest.mark.parametrize("name", ["nats", "minio"])
def test_a_function_is_ready_only_with_what_it_needs(name, platform):
    if platform.provider == "faasd":
        pytest.skip("faasd does not ask whether a function is ready")
    process.stop(platform, name)
    try:
        process.wait(lambda: functions.replicas(platform, "specs") == 0, 60, "no readiness")
    finally:
        restart(name)(platform)

    for function in functions.NAMES:
        process.wait(partial(functions.is_available, platform, function), 60, function)
