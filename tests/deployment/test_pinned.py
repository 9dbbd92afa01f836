"""Images: none that moves by itself, and a check that tells an operator which ones may."""

import re
import subprocess
import sys

import pytest
import yaml

from deploy.kubernetes import pinned
from tests.deployment.conftest import REPOSITORY

OURS = re.compile(r"^(?:registry\.example\.org/)?mlaas4hep-")
PIN = "oauth2-proxy@sha256:" + "0a" * 32


def named() -> set[str]:
    """Return every image that a file of deploy/, stack.yml or a Dockerfile names."""
    files = [
        path for path in (REPOSITORY / "deploy").rglob("*.yaml") if "testbed" not in path.parts
    ]
    texts = [path.read_text() for path in [*files, REPOSITORY / "stack.yml"]]
    found = {name for text in texts for name in re.findall(r"image: +([^\s$]+)\s", text)}
    recipes = [REPOSITORY / "deploy/xrootd-proxy", REPOSITORY / "templates/python3-mlaas"]
    for folder in recipes:
        found |= set(
            re.findall(
                r"^ARG \w+_IMAGE=([^$\s]+)$", (folder / "Dockerfile").read_text(), re.MULTILINE
            )
        )
    return found


def test_every_image_from_elsewhere_has_a_version_that_is_not_the_latest():
    foreign = {name for name in named() if not OURS.match(name)}

    assert len(foreign) >= 6
    assert not [name for name in foreign if not re.search(r":v?\d|:bookworm-slim$", name)]


@pytest.mark.parametrize("folder", ["deploy/xrootd-proxy", "templates/python3-mlaas"])
def test_no_recipe_of_ours_ends_as_root(folder):
    users = re.findall(
        r"^USER (\S+)$", (REPOSITORY / folder / "Dockerfile").read_text(), re.MULTILINE
    )

    assert users in (["10001:10001"], ["xrootd:xrootd"])


def test_the_check_names_the_images_of_an_overlay_that_a_tag_names(built):
    found = pinned.images(built("plain"))

    assert "registry.example.org/mlaas4hep-predict:1" in pinned.unpinned(found)
    assert len(found) >= 8
    assert pinned.unpinned({PIN}) == []


@pytest.mark.parametrize(
    ("image", "code", "said"),
    [(PIN, 0, ""), ("nats:2", 1, "nats:2 is not pinned by digest\n"), (PIN[:-1], 1, f"{PIN[:-1]} is not pinned by digest\n")],
)  # fmt: skip
def test_the_check_is_a_command_that_fails(image, code, said):
    pod = {"spec": {"template": {"spec": {"containers": [{"image": image}]}}}}
    done = subprocess.run(
        [sys.executable, REPOSITORY / "deploy/kubernetes/pinned.py"],
        input=yaml.safe_dump(pod),
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (code, said)


def test_manifests_that_start_nothing_are_no_proof():
    command = [sys.executable, REPOSITORY / "deploy/kubernetes/pinned.py"]

    assert subprocess.run(command, input=b"", check=False).returncode == 1
