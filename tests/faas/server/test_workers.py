"""Several processes of one function at one port."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import calls
from tests.faas.server.served import ASGI, served


@pytest.mark.parametrize("workers", ["1", "2"])
def test_what_is_kept_for_others_lies_outside_the_folder_of_a_process(tmp_path, workers):
    folder = tmp_path / "temporary"
    folder.mkdir()
    with served(tmp_path, ASGI, MLAAS_WORKERS=workers, TMPDIR=str(folder)) as function:
        function.wait_until_up()
        for_all, own = calls.get(f"{function.url}/where").text.split()

    # where copies of remote objects are kept, for the next process, too
    assert for_all == str(folder)
    assert own.startswith(f"{folder}/mlaas-own-")


def pids(function):
    """Return the processes that serve a function: the children of the one that was started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            _, parent, *_ = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(parent) == function.process.pid:
                found.add(int(folder.name))
    return found


def wait_until(condition):
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def calls_counted(function):
    """Return the calls that the metrics of a function count, over new connections."""
    text = calls.get(f"{function.url}/_/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "mlaas_requests_total"
    )


def test_workers_serve_one_port_count_together_and_are_replaced(tmp_path):
    with served(tmp_path, ASGI, MLAAS_WORKERS="2") as function:
        function.wait_until_up()
        wait_until(lambda: len(pids(function)) == 2)
        before = pids(function)
        told = [calls.get(f"{function.url}/b").text for _ in range(20)]
        wait_until(lambda: calls_counted(function) >= 20)
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(pids(function) - before) == 1)
        function.wait_until_up()
        function.process.send_signal(signal.SIGTERM)
        code = function.process.wait(60)

    assert set(told) == {"/b? 0"}
    assert code == 0


def test_workers_that_cannot_start_are_given_up(tmp_path):
    with served(tmp_path, ASGI, MLAAS_WORKERS="2", MLAAS_STORE="ftp://x") as function:
        _, text = function.process.communicate(timeout=120)

    assert function.process.returncode == 1
    assert "MLAAS_STORE='ftp://x'" in text
    assert "giving up" in text
    assert "Traceback" not in text


def test_an_asgi_function_does_not_share_its_port(tmp_path, asgi_function):
    (tmp_path / "other").mkdir()
    port = asgi_function.url.rpartition(":")[2]
    with served(tmp_path / "other", ASGI, MLAAS_PORT=port) as second:
        _, text = second.process.communicate(timeout=60)

    assert second.process.returncode == 1
    assert f"127.0.0.1:{port} cannot be served" in text
