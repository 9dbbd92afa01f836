"""Bad input through HTTP: each is told what is wrong, and others are served.

What the upload itself refuses is in tests/http/workflow/test_uploads.py.
"""

import io
import json
import tarfile
from importlib.util import find_spec

import awkward as ak
import numpy as np
import pytest
import uproot

from mlaas4hep.client import Client
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import MlaasError

pytestmark = pytest.mark.skipif(find_spec("tensorflow") is None, reason="a model is trained")

ENTRIES = 400
PARAMS = {"identifier": "event", "epochs": 2, "chunk_size": 200}
MODEL = """
import keras
def model(idim):
    layers = [keras.Input((idim,)), keras.layers.Dense(1, activation="sigmoid")]
    network = keras.Sequential(layers)
    network.compile(optimizer="sgd", loss="binary_crossentropy")
    return network
"""
FAILS_WIDE = MODEL.replace(
    "(idim):", "(idim, width=1):\n    if width > 5: raise ValueError('too wide')"
)
CUTS = '{"flat_cut": {"pt": {"cut": "%s"}}}'


def _root_file(folder, entries):
    random = np.random.default_rng(7)
    with uproot.recreate(folder / "a.root") as file:
        file["Events"] = {
            "event": np.arange(entries),
            "pt": random.random(entries, dtype=np.float32),
            "eta": random.random(entries, dtype=np.float32),
            "y": random.integers(0, 2, entries).astype(np.int32),
        }
    return (folder / "a.root").read_bytes()


def _with_rows(data):
    """Return the file with one branch more, of rows."""
    with uproot.open(io.BytesIO(data)) as file:
        arrays = file["Events"].arrays(library="np")
    rows = ak.Array([[1.0] * (number % 3) for number in range(len(arrays["pt"]))])
    made = io.BytesIO()
    file = uproot.recreate(made)
    file["Events"] = {**arrays, "wgt": rows}
    return made.getvalue()


def _says(**params):
    return json.dumps({**PARAMS, **params})


def _model(*lines):
    return "\n    ".join(("def model(idim):", *lines))


#: what is put into the tarball, or None to leave it out; stage, file and message of the answer
REFUSED = {
    "no-list": ({"files.txt": None}, "files.txt", "there is no 'files.txt' in the tarball"),
    "no-file": ({"files.txt": "b.root"}, "b.root", "'b.root' is not in the tarball"),
    "our-file": ({"files.txt": "/etc/passwd"}, "/etc/passwd", "is a path on your machine"),
    "labels": ({"labels.txt": "1\n0"}, "labels.txt", "2 labels, but files.txt has 1 files"),
    "types": ({"params.json": _says(epochs="five")}, "params.json", "epochs is 'five'"),
    "json": ({"params.json": '{"epochs": 5,}'}, "params.json", "line 1, column"),
    "formula": ({"preproc.json": CUTS % "pt >"}, "preproc.json", "column 5: a value was expected"),
    "syntax": ({"model.py": "def model(idim)\n"}, "model.py", "line 1"),
    "weight-kind": ({"params.json": _says(weight=True)}, "params.json", "weight is True"),
    "weights": ({"params.json": _says(weight=[1, 2])}, "params.json", "2 numbers, but files.txt"),
    "no-xsec": ({"params.json": _says(weight_norm="xsec")}, "a.root", "cross section of 'a.root'"),
    "xsec-name": ({"params.json": _says(xsec={"b*": 2})}, "params.json", "no file of files.txt"),
    "no-norm": ({"params.json": _says(luminosity=59.7)}, "params.json", "nothing uses it"),
    "class-weight": (
        {"params.json": _says(class_weight={"0": 1, "sig": 9})},
        "params.json",
        "class_weight is 'sig', but 'y' gives numbers",
    ),
    "no-model": ({"model.py": "def modle(idim):\n    pass"}, "model.py", "defines no `model`"),
}
UNREADABLE = {
    "not-root": ({"a.root": b"hello" * 999}, "a.root", "not a ROOT file"),
    "truncated": ({"a.root": lambda data: data[: len(data) // 2]}, "a.root", "is cut short"),
    "no-tree": ({"params.json": _says(branch="Evnts")}, "a.root", "the trees there are: Events"),
    "no-branch": ({"params.json": _says(selected_branches="ptt")}, "a.root", "'ptt' is no branch"),
    "no-label": ({"labels.txt": "yy"}, "a.root", "'yy' is no branch"),
    "no-weight": ({"params.json": _says(weight="pu * 2")}, "a.root", "'pu' is no branch"),
    "nan-weight": (
        {"params.json": _says(weight="log(pt - 0.5)")},
        "a.root",
        "the weight 'log(pt - 0.5)' is NaN or infinite in",
    ),
    "zero-weight": ({"params.json": _says(weight="pt * 0")}, "params.json", "is 0 in every entry"),
    "jagged-weight": (
        {"a.root": _with_rows, "params.json": _says(weight="wgt")},
        "params.json",
        "the weight 'wgt' is a row of values",
    ),
    "sum-of-weights": (
        {"params.json": _says(weight="0 * pt - 1", xsec=[3.0])},
        "a.root",
        "they cannot be normalised to a cross section",
    ),
    "balance": (
        {"labels.txt": "pt", "params.json": _says(balance="classes")},
        "params.json",
        "the labels are no classes",
    ),
    "cut-branch": ({"preproc.json": CUTS % "ptt > 0"}, "a.root", "there is no branch 'ptt'"),
    "cut-all": ({"preproc.json": CUTS % "pt / 0 < 0"}, "preproc.json", "none of 400 entries"),
}
UNTRAINABLE = {
    "raises": ({"model.py": _model("raise ValueError('mine')")}, "line 2: ValueError: mine"),
    "returns-nothing": ({"model.py": _model("pass")}, "`model` returns nothing"),
    "exits": ({"model.py": _model("raise SystemExit(0)")}, "called sys.exit(0)"),
    "width": ({"model.py": MODEL.replace("(idim,))", "(7,))")}, "the data has 2 columns"),
    "memory": (
        {"model.py": _model("held = []", "while True: held.append(bytearray(10**8))")},
        "needs more memory than the run may use",
    ),
    "loops": ({"model.py": _model("while True: pass")}, "did not end within 20 s"),
    "class-of-one-fold": (
        {"params.json": _says(folds=2, fold_by="event > 199"), "labels.txt": "event > 199"},
        "no entry of class 1 is in fold 0",
    ),
    "nan": (
        {"model.py": MODEL.replace('"binary_crossentropy"', "lambda y, p: p * float('nan')")},
        "the loss became nan",
    ),
}


@pytest.fixture(scope="module")
def client(laptop):
    with Client(f"{laptop.urls[0]}/function/workflow", laptop.token("bruno")) as made:
        yield made


@pytest.fixture(scope="module")
def submit(client, tmp_path_factory):
    """Return a function that packs, uploads and submits a job with changes, and gives the run."""
    good = {
        "files.txt": "a.root",
        "labels.txt": "y",
        "model.py": MODEL,
        "params.json": json.dumps(PARAMS),
        "a.root": _root_file(tmp_path_factory.mktemp("data"), ENTRIES),
    }

    def submitted(name, changes):
        files = dict(good)
        for file, content in changes.items():
            files[file] = content(good[file]) if callable(content) else content
        client.upload(_packed(files), name=name)
        preproc = "preproc.json" if "preproc.json" in changes else ""
        return client.submit(name, preproc=preproc, memory="1500m").name

    return submitted


def _packed(files):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, content in files.items():
            if content is not None:
                data = content if isinstance(content, bytes) else content.encode()
                member = tarfile.TarInfo(f"job/{name}")
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
    return packed.getvalue()


@pytest.fixture(scope="module")
def untrainable(submit):
    """Return the runs that fail in training, all submitted at once, and a good one behind them."""
    runs = {name: submit(name, changes) for name, (changes, _) in UNTRAINABLE.items()}
    return {**runs, "good": submit("good", {})}


@pytest.mark.parametrize("name", REFUSED)
def test_a_wrong_submission_is_refused_at_once(name, submit):
    changes, file, says = REFUSED[name]

    with pytest.raises(MlaasError) as caught:
        submit(name, changes)

    problem = caught.value.problem
    assert caught.value.status == 400
    assert (problem.stage, problem.file) == ("submit", file)
    assert says in problem.message
    assert problem.hint


@pytest.mark.parametrize("name", UNREADABLE)
def test_input_that_cannot_be_used_fails_the_run_with_file_and_cause(name, submit, client):
    changes, file, says = UNREADABLE[name]

    report = client.wait(submit(name, changes))

    assert report.status is Status.FAILED
    assert (report.problem.stage, report.problem.file) == ("specs", file)
    assert says in report.problem.message


@pytest.mark.parametrize("name", UNTRAINABLE)
def test_a_model_that_cannot_be_trained_fails_the_run_with_its_cause(name, untrainable, client):
    report = client.wait(untrainable[name])

    assert report.status is Status.FAILED
    assert report.problem.stage == "train"
    assert UNTRAINABLE[name][1] in report.problem.message
    assert report.problem.hint


def test_a_trial_that_fails_does_not_end_its_scan(submit, client):
    submit("scanned", {"model.py": FAILS_WIDE})
    asked = {"arguments": {"width": [9, 1]}, "promote": "narrow"}

    report = client.wait(client.scan("scanned", asked).name)

    trials = client.trials(report.name).trials
    assert report.status is Status.DONE
    assert [(each.status, dict(each.values)) for each in trials] == [
        ("done", {"arguments.width": 1}),
        ("failed", {"arguments.width": 9}),
    ]
    assert "line 4: ValueError: too wide" in trials[1].problem
    answer = client.predict("narrow", entries=[{"pt": 0.5, "eta": 0.5}])
    assert 0 < answer["predictions"][0] < 1


def test_others_are_served_meanwhile(untrainable, client):
    report = client.wait(untrainable["good"])
    answer = client.predict(untrainable["good"], entries=[{"pt": 0.5, "eta": 0.5}])

    assert report.status is Status.DONE
    assert 0 < answer["predictions"][0] < 1
