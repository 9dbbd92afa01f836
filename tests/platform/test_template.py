"""A function that somebody makes with `faas-cli new` from our template, in a folder of their own."""

from itertools import chain

import pytest

from deploy.testbed import functions, process
from deploy.testbed.containers import docker


@pytest.fixture
def folder(tmp_path, platform):
    """Somebody's empty folder; what it deploys is removed again."""
    yield tmp_path
    faas_cli(platform, tmp_path, "remove", "hello")


def faas_cli(platform, folder, *arguments):
    code, said = functions.call_faas_cli(platform, *arguments, where=folder)
    assert code == 0, said


def test_a_function_from_the_pulled_template_builds_and_answers(platform, folder):
    values = functions.environment(platform)
    prefix = values["IMAGE_PREFIX"].rstrip("/")
    images = [("--build-arg", f"{name}={values[name]}") for name in functions.IMAGES]

    faas_cli(platform, folder, "template", "pull", str(functions.REPOSITORY))
    faas_cli(platform, folder, "new", "hello", "--lang", "python3-mlaas", "--prefix", prefix)
    faas_cli(platform, folder, "build", *chain.from_iterable(images))
    faas_cli(platform, folder, "push")
    faas_cli(platform, folder, "deploy")
    answers = []

    def is_there():
        invoke = ("invoke", "hello")
        answers.append(functions.call_faas_cli(platform, *invoke, given="Vittorio", where=folder))
        return answers[-1][0] == 0

    process.wait(is_there, 60, "hello")

    assert answers[-1][1].strip() == '{"greeting":"Hello, Vittorio."}'
    assert docker.run(platform, "image", "inspect", f"{prefix}/hello:latest", "--format", "{{.Config.User}}") == "10001:10001"  # fmt: skip
