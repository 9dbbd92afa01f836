import pytest

from mlaas4hep.core.requests import frameworks
from mlaas4hep.core.requests.tarballs import modelcode
from mlaas4hep.errors import InvalidRequestError


def test_the_frameworks_are_read_off_the_imports_wherever_they_stand():
    text = "from keras.layers import Dense\nimport os.path\ndef model():\n    import numpy as np\n"

    assert modelcode.packages(text, "model.py") == {"keras", "os", "numpy"}


def test_what_is_only_tried_and_what_lies_beside_model_py_does_not_count():
    text = "from . import mine\ntry:\n    import torch\nexcept ImportError:\n    torch = None\n"

    assert modelcode.packages(text, "model.py") == frozenset()


def test_a_file_without_any_framework_is_taken_for_keras():
    assert frameworks.choose({"numpy"}, "", ["keras"]) == ("keras",)


def test_what_params_json_states_settles_it():
    assert frameworks.choose({"torch"}, "keras", ["keras"]) == ("keras",)


@pytest.mark.parametrize(
    ("packages", "stated", "file"), [({"keras"}, "", "model.py"), ((), "keras", "params.json")]
)
def test_a_framework_that_is_not_installed_is_refused_with_those_that_are(packages, stated, file):
    with pytest.raises(InvalidRequestError, match="Keras is not installed") as caught:
        frameworks.choose(packages, stated, [])

    problem = caught.value.problem
    assert (problem.file, problem.stage) == (file, "submit")
    assert "installed: none; the extra `train`" in problem.hint
