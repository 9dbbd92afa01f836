"""The files of a run in a folder of this machine."""

import json
from dataclasses import replace

import pytest

from mlaas4hep.core.requests.request import Resources
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.oneprocess.folder import Paths, beside_of, read_request

OTHERS = {"params.json": "{}", "model.py": "def model(input_shape):\n    return None\n"}


def folder(tmp_path, **texts):
    for name, text in {**OTHERS, **texts}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "a.root").touch()
    return tmp_path


def test_files_json_stands_in_for_files_and_labels(tmp_path):
    said = json.dumps([{"file": "a.root", "tree": "t", "label": 1, "xsec": 0.5}])
    request = read_request(Paths.of(folder(tmp_path, **{"files.json": said})), "run_1", Resources())

    assert [(f.name, f.tree, f.xsec) for f in request.files] == [("a.root:t", "t", 0.5)]
    assert request.labels.values == (1.0,)


def test_files_json_without_labels_needs_labels_txt(tmp_path):
    with pytest.raises(InvalidRequestError, match=r"there is no labels\.txt"):
        Paths.of(folder(tmp_path, **{"files.json": '["a.root"]'}))


def test_files_txt_comes_before_files_json(tmp_path):
    texts = {"files.json": '["b.root"]', "files.txt": "a.root\n", "labels.txt": "1\n"}

    assert Paths.of(folder(tmp_path, **texts)).files.name == "files.txt"


def test_the_label_of_the_only_file_in_files_json_is_a_class(tmp_path):
    said = json.dumps([{"file": "a.root", "label": "c # d"}])
    request = read_request(Paths.of(folder(tmp_path, **{"files.json": said})), "run_1", Resources())

    assert (request.labels.values, request.labels.classes) == ((0.0,), ("c # d",))


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("**/*.root", ["a.root", "deep/er/c.root", "x[1].root"]),
        ("*", ["a.root", "files.txt", "model.py", "params.json", "x[1].root"]),
        ("x[1].root", ["x[1].root"]),
    ],
)
def test_patterns_stand_for_files_as_in_a_shell(tmp_path, pattern, found):
    paths = replace(
        Paths.of(folder(tmp_path, **{"files.txt": pattern, "labels.txt": "1"})), labels=None
    )
    (tmp_path / "labels.txt").unlink()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "c.root").touch()
    (tmp_path / "x[1].root").touch()

    assert [f.name for f in read_request(paths, "run_1", Resources()).files] == found


@pytest.mark.parametrize("name", ["~nobody-here/a.root", "~nobody-here/*.root", "a" * 5000])
def test_names_that_no_file_can_have_are_refused(tmp_path, name):
    paths = Paths.of(folder(tmp_path, **{"files.txt": name, "labels.txt": "1"}))

    with pytest.raises(InvalidRequestError, match=r"is not there|no file matches"):
        read_request(paths, "run_1", Resources())


def test_what_earlier_runs_left_does_not_go_with_model_py(tmp_path):
    wanted = folder(tmp_path, **{"layers.py": "width = 5\n"})
    before = beside_of(wanted, "")
    (wanted / "model.log").write_text("Traceback")
    (wanted / "model").mkdir()
    (wanted / "model" / "contract.json").write_text("{}")

    assert before
    assert beside_of(wanted, "") == before
