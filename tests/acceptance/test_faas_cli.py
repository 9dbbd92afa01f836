"""The real faas-cli against the laptop platform."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests.laptops import Laptop

PROGRAM = shutil.which("faas-cli", path=os.environ.get("FAAS_CLI_PATH", os.environ["PATH"]))
HANDLER = """
import flask
from mlaas4hep.faas.on_event import wsgi

def make_app(services, settings):
    app = flask.Flask("tiny")

    def echo():
        app.logger.warning("called with %s", flask.request.content_type)
        return {
            "body": flask.request.get_data(as_text=True),
            "token": flask.request.headers.get("Authorization"),
        }

    app.add_url_rule("/", "echo", echo, methods=["GET", "POST"])
    return app

function = wsgi("tiny", make_app)
"""
NAMES = ["chunk-preprocess", "predict", "specs", "train", "workflow"]

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="there is no faas-cli on PATH or in the folders of FAAS_CLI_PATH"
)


@pytest.fixture(scope="module")
def faas_cli(tmp_path_factory):
    """Return a function that runs faas-cli and returns what it printed; `refused`: it has to fail."""
    folder = tmp_path_factory.mktemp("faas-cli")
    for name in NAMES:
        functions = folder / "functions" / name.replace("-", "_")
        functions.mkdir(parents=True)
        (functions / "handler.py").write_text(HANDLER)
    with Laptop(folder / "state", folder / "functions") as laptop:

        def run(*arguments, said="", refused=False):
            done = subprocess.run(
                [PROGRAM, *arguments, "--gateway", laptop.urls[0]],
                input=said,
                env={"HOME": str(folder), "PATH": os.environ["PATH"]},
                cwd=folder,
                text=True,
                capture_output=True,
                timeout=60,
                check=False,
            )
            assert (done.returncode != 0) is refused, done.stdout + done.stderr
            return done.stdout + done.stderr

        said = run("list", refused=True)
        run("login", "--username", "admin", "--password-stdin", said=laptop.password)
        run.before_login = said
        yield run


def test_without_a_login_nothing_is_shown(faas_cli):
    assert "faas-cli login" in faas_cli.before_login
    assert "specs" not in faas_cli.before_login


@pytest.mark.parametrize(
    ("arguments", "told", "refused"),
    [  # faas-cli itself ends with 0 whatever a gateway answers to `secret create`
        (("secret", "create", "token", "--from-literal", "x"), "501 - .*keeps no secrets", False),
        (("remove", "specs"), "are fixed", True),
        (("deploy", "--name", "own", "--image", "own:1"), "are fixed", True),
    ],
)
def test_what_a_laptop_lacks_is_said(faas_cli, arguments, told, refused):
    assert re.search(told, faas_cli(*arguments, refused=refused))


@pytest.mark.parametrize("function", [(), ("predict",)])
def test_ready_waits_for_the_gateway_and_for_a_function(faas_cli, function):
    assert "ready" in faas_cli("ready", *function, "--attempts", "3").lower()


def test_ready_gives_up_on_a_function_that_there_is_not(faas_cli):
    faas_cli("ready", "nothing", "--attempts", "1", "--interval", "1ms", refused=True)


def test_list_shows_the_five_functions_with_their_replicas(faas_cli):
    rows = [line.split() for line in faas_cli("list").splitlines()[1:]]

    assert sorted(row[0] for row in rows) == NAMES
    assert {row[2] for row in rows} == {"1"}


def test_describe_shows_one_function_ready_with_its_topic(faas_cli):
    text = faas_cli("describe", "train")
    said = {
        name.strip(): value.strip()
        for name, _, value in (line.partition(":") for line in text.splitlines())
    }

    assert (said["Name"], said["Status"], said["Available Replicas"]) == ("train", "Ready", "1")
    assert "topic: mlaas.train" in text


def test_invoke_sends_the_body_and_the_token(faas_cli):
    said = faas_cli("invoke", "specs", "--header", "Authorization: Bearer secret", said="hello")

    answer = json.loads(said[said.index("{") :])
    assert answer == {"body": "hello", "token": "Bearer secret"}


def test_logs_show_what_a_function_said(faas_cli):
    faas_cli("invoke", "predict", said="x")

    said = faas_cli("logs", "predict", "--tail=false", "--lines", "1")

    assert "called with text/plain" in said


def test_the_counter_of_calls_grows(faas_cli):
    def calls():
        rows = [line.split() for line in faas_cli("list").splitlines()[1:]]
        return next(int(row[1]) for row in rows if row[0] == "workflow")

    before = calls()
    faas_cli("invoke", "workflow", said="x")

    assert calls() == before + 1


def test_namespaces_and_version_are_answered(faas_cli):
    assert "openfaas-fn" in faas_cli("namespaces")
    assert "mlaas4hep" in faas_cli("version", "--warn-update=false")
