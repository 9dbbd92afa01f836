import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from mlaas4hep.errors import ConflictError
from mlaas4hep.laptop.platform import up
from mlaas4hep.laptop.state import State
from mlaas4hep.settings import SettingsError
from tests import calls
from tests.laptops import Laptop, alive, descendants

HANDLER = """
import os
import flask
from mlaas4hep.faas.on_event import wsgi

def make_app(services, settings):
    app = flask.Flask("tiny")
    say = lambda: {"pid": os.getpid(), "path": flask.request.path}
    app.add_url_rule("/", "say", say)
    app.add_url_rule("/submit", "submit", say)
    return app

function = wsgi("NAME", make_app)
"""
NAMES = ("specs", "chunk_preprocess", "train", "predict", "workflow")


def eventually(check, timeout_s=30.0):
    """Return the first true answer of `check`; what we wait for has no event to wait on."""
    until = time.monotonic() + timeout_s
    while time.monotonic() < until:
        answer = check()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    folder = tmp_path_factory.mktemp("functions")
    for name in NAMES:
        (folder / name).mkdir()
        (folder / name / "handler.py").write_text(HANDLER.replace("NAME", name))
    return folder


@pytest.fixture(scope="module")
def laptop(functions, tmp_path_factory):
    with Laptop(tmp_path_factory.mktemp("laptop") / "my state, é", functions) as laptop:
        yield laptop


def test_one_line_says_that_it_is_ready_and_where(laptop):
    gateway, workflow, predict = laptop.urls

    assert laptop.line.startswith(f"mlaas4hep is ready: gateway {gateway} ")
    assert State(laptop.state).address() == gateway
    assert calls.get(f"{workflow}/submit").json()["path"] == "/submit"
    assert calls.get(f"{predict}/submit").json()["path"] == "/submit"


def test_every_function_is_a_process_of_its_own(laptop):
    functions = laptop.get("/system/functions").json()
    pids = {laptop.get(f"/function/{each['name']}").json()["pid"] for each in functions}

    assert len(pids) == len(functions) == 5
    assert [each["availableReplicas"] for each in functions] == [1] * 5


def test_a_second_platform_in_the_same_folder_is_refused(laptop, functions):
    second = Laptop(laptop.state, functions)

    assert f"is used by another `mlaas4hep up`, process {laptop.process.pid}" in second.error()
    assert laptop.get("/healthz").text == "OK"


@pytest.mark.parametrize("option", ["--port", "--workflow-port", "--predict-port"])
def test_a_port_in_use_is_named_with_the_option_that_changes_it(tmp_path, option):
    options = ["--port", "--workflow-port", "--predict-port"]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        ports = [number if each == option else 0 for each in options]
        with pytest.raises(ConflictError, match=f"port {number} cannot be used") as caught:
            up(
                tmp_path / "state",
                announce=print,
                port=ports[0],
                workflow_port=ports[1],
                predict_port=ports[2],
            )
    assert option in caught.value.problem.hint


def test_a_wrong_setting_is_quoted_before_anything_starts(tmp_path):
    with pytest.raises(SettingsError, match="MLAAS_WORKER='3'"):
        up(tmp_path / "state", announce=print, env={"MLAAS_WORKER": "3"})

    assert not (tmp_path / "state").exists()


def test_a_function_that_dies_is_started_again(laptop):
    before = laptop.get("/function/specs").json()["pid"]
    os.kill(laptop.pids["specs"], signal.SIGKILL)

    def restarted():
        answer = laptop.get("/function/specs")
        return answer.status_code == 200 and answer.json()["pid"] != before

    assert eventually(restarted)
    assert not alive(before)
    assert "ended with code -9" in laptop.get("/system/logs?name=specs").text


def test_secrets_are_readable_by_their_owner_only(laptop):
    modes = {path.name: path.stat().st_mode & 0o077 for path in laptop.state.glob("keys/*")}

    assert set(modes.values()) == {0}
    assert laptop.state.stat().st_mode & 0o077 == 0


def test_only_the_dispatcher_gets_its_private_key(laptop):
    environments = {
        name: (f"/proc/{pid}/environ", b"dispatcher.pem")
        for name, pid in laptop.pids.items()
        if alive(pid)
    }
    holders = []
    for name, (path, secret) in environments.items():
        with open(path, "rb") as file:  # noqa: PTH123 - /proc knows no sizes
            if secret in file.read():
                holders.append(name)

    assert holders == ["dispatcher"]


def test_sigterm_stops_everything_and_leaves_nothing_behind(laptop):
    """The last test of this platform: it ends here."""
    family = descendants(laptop.process.pid)
    code = laptop.stop()

    assert code == 0
    assert len(family) >= 8  # five functions, NATS, the dispatcher, itself
    assert {pid for pid in family if alive(pid)} == set()
    assert not (laptop.state / "children.json").exists()


def test_nothing_outlives_a_platform_that_is_killed(functions, tmp_path):
    with Laptop(tmp_path / "state", functions) as laptop:
        family = descendants(laptop.process.pid)
        laptop.process.kill()
        laptop.process.wait()

        assert eventually(lambda: not any(alive(pid) for pid in family))


def test_a_function_that_cannot_start_is_named_with_what_it_said(functions, tmp_path):
    broken = tmp_path / "functions"
    broken.mkdir()
    for name in NAMES:
        (broken / name).symlink_to(functions / name)
    (broken / "train").unlink()
    (broken / "train").mkdir()
    (broken / "train" / "handler.py").write_text("import no_such_module\n")

    said = Laptop(tmp_path / "state", broken).error()

    assert "train does not start" in said
    assert "No module named 'no_such_module'" in said


def test_a_dispatcher_that_cannot_start_is_named_with_what_it_said(functions, tmp_path):
    limits = {"MLAAS_DISPATCHER_LIMITS": "specks=2"}

    said = Laptop(tmp_path / "state", functions, **limits).error()

    assert "dispatcher does not start" in said
    assert "MLAAS_DISPATCHER_LIMITS='specks=2'" in said


def test_what_a_dead_platform_left_running_is_killed_at_the_next_start(tmp_path):
    state = State(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    ) as left:
        state.note_children({"specs": left.pid})
        with state.locked():
            assert left.wait(60) == -signal.SIGKILL


def test_a_process_that_only_has_the_number_of_a_dead_one_is_left_alone(tmp_path):
    state = State(tmp_path)
    (tmp_path / "children.json").write_text(f'{{"specs": [{os.getpid()}, "1"]}}')

    with state.locked():
        assert alive(os.getpid())
