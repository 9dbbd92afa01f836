"""Every command of the operators' guide is run as it stands there, twice in a row."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy.testbed import functions, process
from deploy.testbed.place import REPOSITORY
from tests.manual import blocks

BLOCKS = blocks("operators.md")


@pytest.fixture(scope="module")
def shell(platform, tmp_path_factory):
    """Return a function that runs a block in a clone, with this platform's addresses."""
    folder = tmp_path_factory.mktemp("operator") / "clone"
    subprocess.run(["git", "clone", "-q", REPOSITORY, folder], check=True)
    (folder / "secrets").symlink_to(platform.folder("credentials"))
    (folder / ".venv").symlink_to(Path(sys.prefix))
    own = functions.environment(platform) | {
        "PLATFORM_ROOT": str(platform.root),
        "MLAAS_REGISTRY": "registry.example.org/hep",
    }
    path = f"{Path(sys.executable).parent}:{platform.environment()['PATH']}"
    examples = _examples(functions.environment(platform))

    def run(block, where):
        text = block.text
        for example, ours in examples.items():
            text = text.replace(example, ours)
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", text],
            cwd=where or folder,
            env=platform.environment(**own) | {"PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{block.text}{done.stdout}{done.stderr}"
        return done.stdout

    yield run
    for name in functions.NAMES:  # as they were before
        functions.deploy_one(platform, name)


def _examples(values):
    """Return what this platform has for each example of the guide."""
    return {
        "https://s3.example.org": values["MLAAS_STORE"],
        "http://minio.mlaas:9000": values["MLAAS_STORE"],
        "nats://nats.example.org:4222": values["MLAAS_NATS"],
        "nats://nats.mlaas:4222": values["MLAAS_NATS"],
        "root://xrootd-proxy.mlaas:1094": values["MLAAS_XROOTD_PROXY"],
        "https://issuer.example.org": values["MLAAS_ISSUER"],
        "registry.example.org/hep": values["IMAGE_PREFIX"].rstrip("/"),
        "template pull REPOSITORY": f"template pull {REPOSITORY}",
        "make platform-up\n": "",  # it is
        # No registry tells digests here; tests/deployment/supply asks one.
        "deploy.supply.digests": "deploy.supply.digests --tags",
        "--build-arg EXTRAS=root": "--build-arg EXTRAS=root "
        + " ".join(f"--build-arg {name}={values[name]}" for name in functions.IMAGES),
    }


@pytest.mark.parametrize("time", ["first", "second"])
def test_every_command_of_the_guide_works_again_and_again(time, shell, alice, tmp_path, platform):
    for block in BLOCKS:
        if "kubectl " in block.text:
            continue
        said = shell(block, tmp_path if "faas-cli new" in block.text else None)
        if "faas-cli up" in block.text:
            for name in functions.NAMES:
                process.wait(lambda name=name: functions.is_available(platform, name), 60, name)
        if "curl" in block.text:
            assert '"runs"' in said

    assert alice.workflow("GET", "/runs").status_code == 200
    functions.faas_cli(platform, "remove", "hello")


def test_all_other_commands_are_run_on_the_node():
    others = [block.text for block in BLOCKS if "kubectl " in block.text]

    assert len(others) == 2
    assert len(BLOCKS) >= 5
