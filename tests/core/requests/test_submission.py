"""The body of a submission: the eight keys of the ancestor, and two of ours."""

import json

import pytest

from mlaas4hep.core.requests.parse import Submission, parse_submission
from mlaas4hep.core.requests.request import Resources
from mlaas4hep.errors import InvalidRequestError


def submission(**content):
    return parse_submission(json.dumps({"name": "luca", **content}).encode())


def refusal(body):
    with pytest.raises(InvalidRequestError) as caught:
        parse_submission(body if isinstance(body, bytes) else json.dumps(body).encode())
    return caught.value.problem


def test_a_submission_of_the_ancestor_is_understood():
    parsed = submission(
        device="cpu",
        memory="3gb",
        cpus="2",
        files="files_test.txt",
        labels="labels_test.txt",
        model="ex_keras_model.py",
        params="params_test.json",
        fout="trained_model",
    )

    assert parsed == Submission(
        name="luca",
        device="cpu",
        memory_bytes=3 * 1024**3,
        cpus=2.0,
        files="files_test.txt",
        labels="labels_test.txt",
        model="ex_keras_model.py",
        params="params_test.json",
        fout="trained_model",
    )
    assert parsed.resources == Resources(device="cpu", memory_bytes=3 * 1024**3, cpus=2.0)


def test_a_name_is_enough():
    assert submission() == Submission(name="luca")
    assert submission().files == "files.txt"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("500m", 500 * 1024**2),
        ("3gb", 3 * 1024**3),
        ("3GiB", 3 * 1024**3),
        ("1.5 g", 3 * 1024**3 // 2),
        ("123456789", 123456789),
        (3e9, 3_000_000_000),
        (10**9, 10**9),
    ],
)
def test_memory_is_a_size_or_a_number_of_bytes(given, expected):
    assert submission(memory=given).memory_bytes == expected


@pytest.mark.parametrize(("given", "expected"), [("2", 2.0), (2, 2.0), (0.5, 0.5), ("0.1", 0.1)])
def test_cpus_are_a_number_or_its_text(given, expected):
    assert submission(cpus=given).cpus == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({}, "the submission has no name"),
        ({"name": "../luca"}, "name '../luca' cannot be used"),
        ({"name": 3}, "name 3 cannot be used"),
        ({"name": "a", "memory": "lots"}, "memory is 'lots'"),
        ({"name": "a", "memory": -1}, "memory is -1"),
        ({"name": "a", "memory": True}, "memory is True"),
        ({"name": "a", "memory": "0gb"}, "memory is 0"),
        ({"name": "a", "cpus": 0}, "cpus is 0"),
        ({"name": "a", "cpus": 10**299}, "cpus is 1000"),
        ({"name": "a", "cpus": 10**400}, "a whole number of 401 digits"),
        ({"name": "a", "memory": 10**400}, "a whole number of 401 digits"),
        ({"name": "a", "cpus": "nan"}, "cpus is 'nan'"),
        ({"name": "a", "cpus": True}, "cpus is True"),
        ({"name": "a", "cpus": [2]}, "cpus is [2]"),
        ({"name": "a", "device": "tpu"}, "device is 'tpu', not 'cpu' or 'gpu'"),
        ({"name": "a", "files": "../files.txt"}, "files is '../files.txt', not the name of a"),
        ({"name": "a", "model": "/etc/passwd"}, "model is '/etc/passwd', not the name of a file"),
        ({"name": "a", "title": "x" * 300}, "title is"),
        ({"name": "a", "title": 3}, "title is 3, not a text"),
    ],
)
def test_a_wrong_value_is_refused_by_name(content, says):
    assert says in refusal(content).message


def test_an_unknown_key_is_a_typo():
    assert refusal({"name": "luca", "modle": "m.py"}).hint == "did you mean 'model'?"


@pytest.mark.parametrize("body", [b"", b"name=luca", b"\xff\xfe", b"[]", b'"luca"'])
def test_what_is_not_a_json_object_is_refused(body):
    assert "the submission is not" in refusal(body).message
