"""The files of a run in a folder of this machine."""

import json

import pytest

from mlaas4hep.core.requests.request import Resources
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.oneprocess.folder import Paths, read_request

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
