"""The image recipe: what must not be in an image, and which libraries a function gets."""

import re
import subprocess
import sys
from pathlib import Path

from mlaas4hep.faas.server import watchdog

TEMPLATE = Path(__file__).parents[2] / "templates/python3-mlaas"
DOCKERFILE = (TEMPLATE / "Dockerfile").read_text()


def select(*extras: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, TEMPLATE / "requirements/select.py"]
    return subprocess.run(
        [*command, TEMPLATE / "requirements/locked", ",".join(extras)],
        check=False,
        capture_output=True,
        text=True,
    )


def selected(*extras: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9-]+)==", select(*extras).stdout, re.MULTILINE))


def test_the_process_is_a_number_that_is_not_root():
    assert "USER 10001:10001" in DOCKERFILE


def test_a_function_knows_how_long_its_watchdog_listens_on():
    assert f"healthcheck_interval={watchdog.LISTENS_ON_S:.0f}s" in DOCKERFILE


def test_no_compiler_is_installed():
    assert "--only-binary :all:" in (TEMPLATE / "requirements/install").read_text()
    assert not {"gcc", "build-essential", "apt-get"} & set(DOCKERFILE.split())


def test_libraries_come_before_code():
    assert DOCKERFILE.index("COPY --from=own") < DOCKERFILE.index("COPY package/mlaas4hep")


def test_no_address_of_an_index_is_in_the_recipe():
    files = [path for path in (TEMPLATE / "requirements").rglob("*") if path.is_file()]
    texts = [DOCKERFILE, *(file.read_text() for file in files)]

    assert len(files) > 10
    assert not [
        text
        for text in texts
        if "index-url" in text or "://" in text.replace("http://127.0.0.1", "")
    ]


def test_pip_refuses_what_has_no_hash_in_the_lock():
    install = (TEMPLATE / "requirements/install").read_text()

    assert "--require-hashes" in install
    assert "--no-deps" in install  # the locks are whole, and tf-keras asks for a second TensorFlow
    assert DOCKERFILE.count("pip install") == 0
    assert [line for line in DOCKERFILE.splitlines() if "RUN ./install " in line] == [
        "RUN ./install shared.txt /opt/shared",
        "RUN ./install own.txt /opt/own /opt/shared",
    ]


def test_every_function_stands_on_the_core_libraries():
    assert {"numpy", "pydantic", "nats-py", "minio"} <= selected("function")
    assert "select.py locked function " in DOCKERFILE


def test_who_only_calls_a_deployment_installs_little():
    client = selected()

    assert {"filelock", "httpx2", "platformdirs", "pydantic", "rich", "typer"} <= client
    assert len(client) < 30
    assert not {"numpy", "nats-py", "flask"} & client


def test_extras_of_extras_are_followed():
    assert {"fastavro", "pyarrow", "nats-py"} <= selected("function", "avro")


def test_each_library_of_several_extras_is_asked_for_once():
    lines = re.findall(
        r"^\S+==.*$", select("function", "avro", "root", "train").stdout, re.MULTILINE
    )

    assert len(lines) == len(set(lines)) > 80


def test_extras_without_a_lock_are_named():
    refused = select("function", "rott")

    assert refused.returncode == 1
    assert "['rott']" in refused.stderr
    assert "make locks" in refused.stderr


def test_a_reader_of_root_files_has_no_tensorflow():
    wanted = selected("root", "xrootd")

    assert {"uproot", "xrootd"} <= wanted
    assert "tensorflow-cpu" not in wanted
