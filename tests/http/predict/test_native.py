"""Models in the format of the framework that trained them, loaded by a confined process only."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from mlaas4hep.adapters.trainers.pickling import pickled

ROWS = np.random.default_rng(5).random((40, 4), dtype=np.float32)
LABELS = (ROWS[:, 0] > 0.5).astype(np.int64)


@pytest.fixture
def bring(alice):
    def bring(content, file="model.pickle"):
        return alice.post("/upload", files={"model": (file, content), "name": (None, "m")})

    return bring


def test_a_pickled_estimator_is_served_over_every_dialect(alice, bring):
    estimator = LogisticRegression().fit(ROWS, LABELS)
    expected = estimator.predict_proba(ROWS[:2])[:, 1:]

    uploaded = bring(pickled(estimator))

    assert uploaded.status_code == 200, uploaded.text
    rows = ROWS[:2].tolist()
    tfaas = alice.post("/json", json={"model": "m", "values": rows}).json()
    v1 = alice.post("/v1/models/m:predict", json={"instances": rows}).json()["predictions"]
    for answer in (tfaas, v1):
        np.testing.assert_allclose(answer, expected, rtol=1e-5)
    told = alice.get("/v2/models/m").json()
    assert told["platform"] == "sklearn"
    assert [each["shape"] for each in (*told["inputs"], *told["outputs"])] == [[-1, 4], [-1, 1]]


class Reader:
    """A pickle that reads a file which it has no business with."""

    def __init__(self, file):
        self.file = file

    def __reduce__(self):
        return open, (self.file,)


def test_a_pickle_reaches_nothing_outside_of_its_process(bring, tmp_path):
    (tmp_path / "secret").write_text("secret")

    answer = bring(pickle.dumps(Reader(str(tmp_path / "secret"))))

    assert answer.status_code == 400
    assert "Permission denied" in answer.text


@pytest.mark.parametrize("file", ["model.pickle", "model.ubj", "model.txt"])
def test_a_damaged_file_is_refused_in_words(bring, file):
    answer = bring(b"no model", file)

    assert answer.status_code == 400
    assert f"{file} is no model of" in answer.text
    assert "Traceback" not in answer.text


def test_what_does_not_fit_the_model_is_refused(alice, bring):
    bring(pickled(LogisticRegression().fit(ROWS, LABELS)))

    answer = alice.post("/json", json={"model": "m", "values": [[1.0, 2.0]]})

    assert answer.status_code == 400
    assert "a row has 2 values, model 'm' takes 4" in answer.text


def test_columns_that_an_estimator_drops_are_not_missing_in_what_it_takes(alice, bring):
    class Chooses(LogisticRegression):
        def fit(self, x, y):
            return super().fit(x[:, :2], y)

        def decision_function(self, x):
            return super().decision_function(x[:, :2])

    estimator = Chooses().fit(ROWS, LABELS)
    bring(pickled(estimator))

    answer = alice.post("/json", json={"model": "m", "values": ROWS[:2].tolist()})

    assert answer.status_code == 200, answer.text
    np.testing.assert_allclose(answer.json(), estimator.predict_proba(ROWS[:2])[:, 1:], rtol=1e-5)


#: what a pickle says over the socket of its process, in place of what that would say
_SAYING = """
import json, os, socket, stat, struct
def said(message, size):
    text = json.dumps(message).encode()
    return struct.pack("<IQ", len(text), size) + text
for number in range(3, 64):
    try:
        if stat.S_ISSOCK(os.fstat(number).st_mode):
            socket.socket(fileno=os.dup(number)).sendall(said({message!r}, {size}))
    except OSError:
        pass
os._exit(0)
"""


class Liar:
    """A pickle that speaks for its process."""

    def __init__(self, message, size=0):
        self.program = _SAYING.replace("{message!r}", repr(message)).replace("{size}", str(size))

    def __reduce__(self):
        return exec, (self.program, {})


def _announcement(inputs=(), outputs=(), **others):
    ways = {"serving_default": {"inputs": inputs, "outputs": outputs, "classes": {}, **others}}
    return {"head": {"signatures": ways}, "arrays": []}


LIES = {
    "nothing": {"head": {}, "arrays": []},
    "no inputs": {"head": {"signatures": {"x": {}}}, "arrays": []},
    "inputs of no type": _announcement(inputs=[["a", "nonsense", [1]]]),
    "an input without a shape": _announcement(inputs=[["a", "float32", ["x"]]]),
    "classes that are a list": _announcement(outputs=[["a", "float32", [1]]], classes=[1]),
    "an array of no type": {"head": {}, "arrays": [["x", "O", [1]]]},
}


@pytest.mark.parametrize("message", LIES.values(), ids=LIES)
def test_a_pickle_that_lies_for_its_process_is_told_so_in_words(bring, message):
    answer = bring(pickle.dumps(Liar(message)))

    assert answer.status_code == 503, answer.text
    assert "the process of model 'm'" in answer.text
