"""A confined process tries to leave, to harm its parent, and to keep what it may not."""

import json
import os
import platform
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mlaas4hep.adapters.confinement import calls, levels
from mlaas4hep.adapters.confinement.levels import ConfinementError

LINUX_6 = sys.platform == "linux" and int(os.uname().release.split(".")[0]) >= 6
_ATTACKS = Path(__file__).parent / "attacks.py"
_ASKING = Path(__file__).parent / "asking.py"
_HEADER = Path(f"/usr/include/{platform.machine()}-linux-gnu/asm/unistd_64.h")

pytestmark = pytest.mark.skipif(not LINUX_6, reason="Landlock scopes need Linux 6.12")


#: a shell inside a user namespace that allows no further ones, as containers forbid them
_WITHOUT = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"'
_SHELLS = {
    "all that there is": (),
    "no namespaces": ("unshare", "--user", "--map-root-user", "sh", "-c", _WITHOUT),
}


@pytest.fixture(scope="module", params=_SHELLS)
def shell(request):
    """Return what starts a program with, and without, namespaces."""
    found = _SHELLS[request.param]
    if found and subprocess.run([*found, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no namespaces here: the other case is this one")
    return found


@pytest.fixture(scope="module")
def found(shell, tmp_path_factory):
    """Return what the attacks of attacks.py came to."""
    return attacked(shell, tmp_path_factory.mktemp("attacked"))


def attacked(shell, folder, *more, program=_ATTACKS):
    outside, work = folder / "outside", folder / "work"
    outside.write_text("somebody else's")
    outside.chmod(0o600)
    work.mkdir()
    ours, theirs = socket.socketpair()
    arguments = (outside, os.getpid(), "required", theirs.fileno(), *more)
    with ours, theirs:
        ended = subprocess.run(
            (*shell, sys.executable, str(program), *map(str, arguments)),
            cwd=work,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            start_new_session=True,
            pass_fds=(theirs.fileno(),),
        )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert not shell or "user namespace" not in told["reached"]
    return {**told, "outside": outside}


def test_every_attack_is_refused(found):
    assert [name for name, how in found["attacks"].items() if how == "done"] == []
    assert len(found["attacks"]) > 50


def test_every_system_call_that_is_not_on_the_list_is_refused(found):
    assert found["unlisted"] == []


def test_it_is_ended_first_where_memory_ends(found):
    assert found["score"].strip() == "1000"


def test_a_process_that_only_reads_its_folder_writes_nothing(shell, tmp_path):
    told = attacked(shell, tmp_path, "reads")

    assert [name for name, how in told["attacks"].items() if how == "done"] == []
    assert told["read"] == "done"
    assert told["folder"] == str(tmp_path / "work")  # which importing TensorFlow asks for


def test_a_program_of_ours_that_asks_servers_does_nothing_else(shell, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        told = attacked(shell, tmp_path, server.getsockname()[1], program=_ASKING)

    assert [name for name, how in told["attacks"].items() if how == "done"] == []
    assert {name: how for name, how in told["needs"].items() if how != "done"} == {}
    assert told["unlisted"] == []
    assert {"no new privileges", "no capabilities", "landlock", "seccomp"} == set(told["reached"])
    assert told["outside"].read_text() == "somebody else's"


def test_what_programs_need_still_works(found):
    assert {name: how for name, how in found["needs"].items() if how != "done"} == {}


def test_the_file_of_somebody_else_is_as_it_was(found):
    assert found["outside"].read_text() == "somebody else's"
    assert found["outside"].stat().st_mode & 0o777 == 0o600


def test_the_level_reached_names_what_every_kernel_of_today_has(found):
    assert {"rlimits", "no capabilities", "landlock", "seccomp"} <= set(found["reached"])


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_the_rules_for_arguments_name_calls_of_the_list(machine):
    assert {*calls.ARGUMENTS, *calls.SIGNALS, "clone", "openat"} <= calls.numbers(machine).keys()
    assert calls.OF_THE_NETWORK.keys() <= calls.numbers(machine, asks=True).keys()


@pytest.mark.skipif(not _HEADER.exists(), reason="no kernel headers here")
def test_the_numbers_are_the_kernels():
    pattern = re.compile(r"#define __NR_(\w+) (\d+)")
    kernels = {name: int(number) for name, number in pattern.findall(_HEADER.read_text())}

    listed = calls.numbers(platform.machine(), asks=True)

    assert listed == {name: kernels[name] for name in listed}


def test_a_demand_that_the_kernel_does_not_meet_names_what_is_missing():
    with pytest.raises(ConfinementError, match="without seccomp, which the kernel of this node"):
        levels.check(("no new privileges", "no capabilities", "landlock"), "required")


@pytest.mark.parametrize("demand", levels.DEMANDS)
def test_a_demand_that_is_met_passes(demand):
    everything = (
        *("no new privileges", "no capabilities", "landlock", "seccomp"),
        *("user namespace", "network namespace", "ipc namespace", "read-only mounts"),
    )

    levels.check(everything, demand)
