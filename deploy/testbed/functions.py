"""The functions: built, pushed and deployed with faas-cli, as on any OpenFaaS."""

import logging
import subprocess
from functools import partial
from pathlib import Path

import httpx2

from deploy.testbed import credentials, identity, openfaas, process
from deploy.testbed.containers import docker
from deploy.testbed.place import REPOSITORY, Place
from mlaas4hep.laptop.logs import without_tokens

log = logging.getLogger(__name__)

IMAGES = ("BASE_IMAGE", "BUILD_IMAGE", "WATCHDOG_IMAGE")  #: that ours are built on
NAMES = ("workflow", "specs", "chunk-preprocess", "predict", "train")
READY_S = 120.0


def faas_cli(place: Place, *arguments: str, given: str = "") -> str:
    """Run faas-cli in the repository and return what it printed.

    Raises:
        RuntimeError: it failed; the message ends with what it said.
    """
    code, said = call_faas_cli(place, *arguments, given=given)
    if code:
        raise RuntimeError(f"faas-cli {arguments[0]}: {said[-3000:]}")
    return said


def call_faas_cli(
    place: Place, *arguments: str, given: str = "", where: Path = REPOSITORY
) -> tuple[int, str]:
    """Run faas-cli in a folder and return its exit code and what it said."""
    done = subprocess.run(
        [place.program("faas-cli"), *arguments],
        cwd=where,
        env=place.environment(**environment(place)),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    said = done.stdout + done.stderr
    with (place.folder("logs") / "faas-cli.log").open("a", encoding="utf-8") as output:
        output.write(without_tokens(f"$ faas-cli {' '.join(arguments)}\n{said}"))
    return done.returncode, said


def environment(place: Place) -> dict[str, str]:
    """Return what stack.yml takes from its environment."""
    return {
        "DOCKER_BUILDKIT": "1",
        "OPENFAAS_URL": f"http://127.0.0.1:{place.ports['gateway']}",
        "OPENFAAS_CONFIG": str(place.folder("faas-cli")),
        "BASE_IMAGE": docker.BASE,
        "BUILD_IMAGE": docker.BUILD,
        "WATCHDOG_IMAGE": docker.WATCHDOG,
        "IMAGE_PREFIX": f"localhost:{place.ports['registry']}/",
        "MLAAS_STORE": place.http("minio"),
        "MLAAS_STORE_PUBLIC_URL": place.http("minio"),
        "MLAAS_NATS": f"nats://{place.at('nats')}",
        "MLAAS_ISSUER": place.http("identity"),
        "MLAAS_AUDIENCE": identity.AUDIENCE,
        "MLAAS_LOGIN_CLIENT": identity.LOGIN_CLIENT,
        "MLAAS_LOGIN_RESOURCE": f"urn:audience:{identity.AUDIENCE}",
        "MLAAS_XROOTD_PROXY": f"root://{place.at('xrootd')}",
        "MLAAS_REMOTE_HOSTS": place.address,
    }


def build(place: Place) -> None:
    """Build and push every image; what did not change comes from the cache."""
    for name in NAMES:
        log.info("building %s", name)
        faas_cli(place, "build", "--filter", name)
        faas_cli(place, "push", "--filter", name)
    docker.forget_old_builds(place)


def deploy(place: Place) -> None:
    """Log in, hand the secrets over, deploy, and wait until every function is ready."""
    password = credentials.text(place, "basic-auth-password")
    faas_cli(place, "login", "--username", openfaas.USER, "--password-stdin", given=password)
    _hand_over_secrets(place)
    log.info("deploying")
    for name in NAMES:
        deploy_one(place, name)
    for name in NAMES:
        process.wait(partial(is_available, place, name), READY_S, f"function {name}")


def deploy_one(place: Place, name: str) -> None:
    """Deploy one function, new or again."""

    def is_taken() -> bool:
        try:
            faas_cli(place, "deploy", "--filter", name)
        except RuntimeError as refused:
            # faasd gives a function that is to end five seconds, and then refuses the next one.
            if "cannot delete running task" not in str(refused):
                raise
            return False
        return True

    process.wait(is_taken, READY_S, f"the end of the former {name}")


def is_available(place: Place, name: str) -> bool:
    """Tell whether a replica of a function is ready."""
    return replicas(place, name) > 0


def replicas(place: Place, name: str) -> int:
    """Return how many replicas of a function are ready."""
    password = credentials.text(place, "basic-auth-password")
    url = f"http://127.0.0.1:{place.ports['gateway']}/system/function/{name}"
    answer = httpx2.get(url, auth=(openfaas.USER, password))
    return int(answer.json().get("availableReplicas", 0)) if answer.is_success else 0


def _hand_over_secrets(place: Place) -> None:
    secrets = {"dispatcher-public-key": credentials.dispatcher_keys(place)[1]}
    for name in NAMES:
        for kind in ("store-key", "nats-user"):
            secrets[f"{name}-{kind}"] = place.folder("credentials") / f"{name}-{kind}"
    for name, file in secrets.items():
        said = faas_cli(place, "secret", "create", name, "--from-file", str(file))
        if "unexpected status" in said:  # and yet faas-cli ends with 0
            raise RuntimeError(said)
