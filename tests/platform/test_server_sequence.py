"""The demo of MLaaS4HEP_server, call by call, through the public door."""

import io
import tarfile

import pytest


@pytest.fixture(scope="module")
def folder(alice, single_top):
    alice.forget("demo")
    alice.upload("demo", single_top)
    yield "demo"
    alice.forget("demo")


@pytest.fixture(scope="module")
def first(alice, folder):
    """Submit the job whose ROOT file lies in the tarball, and wait for it."""
    return alice.wait(alice.submit(folder))


def test_hello(alice):
    assert alice.workflow("GET", "/hello").text.startswith("Hello")


def test_upload_says_what_the_ancestor_says(alice, single_top):
    files = {"file": ("again.tar.gz", single_top)}
    answer = alice.workflow("POST", "/upload?name=again", files=files)
    alice.forget("again")

    assert (answer.status_code, answer.text) == (200, "Successfully uploaded!\n")


def test_a_run_gets_the_folders_name_and_a_number(first):
    assert first["name"].startswith("demo_")


def test_the_model_of_a_stranger_was_confined(first):
    assert {"empty environment", "rlimits", "no capabilities", "landlock", "seccomp"} <= set(
        first["isolation"]
    )


def test_status_speaks_dockers_words(alice, first):
    status = alice.workflow("GET", f"/status_docker?process_name={first['name']}").json()

    assert status["status"].startswith("Exited (0)")


def test_logs_are_a_file(alice, first):
    answer = alice.workflow("GET", f"/logs?process_name={first['name']}")

    assert "attachment" in answer.headers["content-disposition"]
    assert len(answer.text.splitlines()) > 3


def test_the_model_is_a_tarball_for_tfaas(alice, first):
    answer = alice.workflow("GET", f"/model?process_name={first['name']}")

    with tarfile.open(fileobj=io.BytesIO(answer.content)) as tar:
        names = {member.name.rpartition("/")[2] for member in tar.getmembers()}
    assert {"saved_model.pb", "params.json", "model.keras", "contract.json"} <= names


def test_specs_can_be_deleted_and_are_measured_again(alice, folder, first, remote_job):
    assert alice.workflow("GET", f"/delete_specs?name={folder}").text.startswith("Specs")
    alice.upload(folder, remote_job(epochs=1, nevts=3000))

    second = alice.wait(alice.submit(folder, preproc="preproc.json"))

    assert second["name"] != first["name"]


def test_a_deleted_folder_is_gone(alice, single_top):
    alice.upload("short", single_top)

    assert alice.workflow("GET", "/delete_folder?name=short").status_code == 200
    assert alice.workflow("POST", "/submit", json={"name": "short"}).status_code in {400, 404, 422}
