"""The real faas-cli against the real gateway, and an image that runs without any of it."""

import json
import subprocess
import uuid

import pytest

from deploy.testbed import functions, probe, process
from deploy.testbed.containers import docker

cli = functions.call_faas_cli


def test_list_shows_five_functions(platform):
    code, said = cli(platform, "list")

    assert code == 0
    assert {line.split()[0] for line in said.splitlines()[1:] if line} >= set(functions.NAMES)


@pytest.mark.parametrize("name", functions.NAMES)
def test_describe_says_that_a_function_is_ready(platform, name):
    code, said = cli(platform, "describe", name)

    assert code == 0
    assert "Ready" in said


@pytest.mark.parametrize("function", [(), *((name,) for name in functions.NAMES)])
def test_ready_waits_for_the_gateway_and_for_a_function(platform, function):
    code, said = cli(platform, "ready", *function, "--attempts", "3")

    assert code == 0, said


@pytest.mark.parametrize("name", ["workflow", "predict"])
def test_invoke_reaches_every_operation_by_its_body(platform, alice, name):
    action = {"workflow": "list_runs", "predict": "models"}[name]
    token = f"Authorization: Bearer {alice.token}"

    code, said = cli(platform, "invoke", name, "-H", token, given=json.dumps({"action": action}))

    assert code == 0, said
    assert "[" in said


@pytest.mark.parametrize("name", ["specs", "chunk-preprocess", "train"])
def test_invoke_of_a_pipeline_function_is_refused(platform, name):
    code, said = cli(platform, "invoke", name, given="{}")

    assert code != 0
    assert "401" in said or "Unauthorized" in said  # by today's faas-cli, or the older one


def test_logs_are_those_of_the_function(platform, alice):
    """They are followed: without that, faasd closes the journal's pipe under its own reader."""
    alice.workflow("GET", "/runs")

    with subprocess.Popen(
        [platform.program("faas-cli"), "logs", "workflow", "--lines", "20"],
        env=platform.environment(**functions.environment(platform)),
        cwd=functions.REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as following:
        found = next(line for line in following.stdout if "GET /runs" in line)
        following.terminate()

    assert "200 OK" in found


def test_a_removed_function_is_gone_until_it_is_deployed_again(platform, gateway):
    functions.faas_cli(platform, "remove", "--filter", "specs")
    gone = gateway.get("/system/function/specs").status_code
    functions.deploy_one(platform, "specs")
    process.wait(lambda: functions.is_available(platform, "specs"), 60, "specs")

    assert gone == 404


@pytest.mark.parametrize("name", ["specs", "predict"])
def test_an_image_runs_on_a_network_with_nats_and_minio(platform, name):
    """What `faas-cli local-run` does; the faas-cli that can be had here is older than it."""
    container = f"alone-{uuid.uuid4().hex[:8]}"
    secrets = platform.folder("secrets", "of", name)
    values = functions.environment(platform)
    settings = {
        "MLAAS_STORE": values["MLAAS_STORE"],
        "MLAAS_NATS": values["MLAAS_NATS"],
        "MLAAS_ISSUER": values["MLAAS_ISSUER"],
        "MLAAS_AUDIENCE": values["MLAAS_AUDIENCE"],
        "MLAAS_STORE_KEY_FILE": f"/var/openfaas/secrets/{name}-store-key",
        "MLAAS_NATS_USER_FILE": f"/var/openfaas/secrets/{name}-nats-user",
        "MLAAS_DISPATCHER_PUBLIC_KEY_FILE": "/var/openfaas/secrets/dispatcher-public-key",
    }
    variables = [part for pair in settings.items() for part in ("--env", "=".join(pair))]
    image = f"{values['IMAGE_PREFIX']}mlaas4hep-{name}:latest"
    docker.run(
        platform, "run", "--detach", "--name", container, "--network", docker.NETWORK,
        "--read-only", "--tmpfs", "/tmp", "--volume", f"{secrets}:/var/openfaas/secrets:ro",
        *variables, image,
    )  # fmt: skip
    try:
        where = '{{(index .NetworkSettings.Networks "mlaas").IPAddress}}'
        address = docker.run(platform, "inspect", "--format", where, container)
        process.wait(probe.http(f"http://{address}:8080/_/ready"), 60, container)
        uid = docker.run(platform, "exec", container, "id", "-u")
    finally:
        docker.run(platform, "rm", "--force", container)

    assert uid == "10001"


@pytest.mark.parametrize("name", functions.NAMES)
def test_no_compiler_is_in_an_image(platform, name):
    image = f"{functions.environment(platform)['IMAGE_PREFIX']}mlaas4hep-{name}:latest"
    found = docker.run(
        platform, "run", "--rm", "--entrypoint", "sh", image, "-c",
        "command -v gcc cc g++ make pip || true",
    )  # fmt: skip

    assert found == ""
