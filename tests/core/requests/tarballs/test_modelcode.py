"""What is said about model.py without running it."""

import pytest

from mlaas4hep.core.requests.tarballs import modelcode
from mlaas4hep.errors import InvalidRequestError

PLAIN = "def model(idim, width=32, *, rate=0.1):\n    return None\n"


def test_an_argument_that_model_does_not_take_is_refused_with_those_that_it_takes():
    with pytest.raises(InvalidRequestError, match="`model` takes no argument 'widht'") as caught:
        modelcode.check_arguments(PLAIN, "model.py", ["width", "widht"])

    problem = caught.value.problem
    assert (problem.stage, problem.file) == ("submit", "model.py")
    assert problem.hint.startswith("it takes idim, width, rate;")


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("widht", "width"),
        "def model(idim, **more):\n    return None\n",
        "import functools\n@functools.cache\ndef model(*given):\n    return None\n",
        "from mine import model\n",
        "from mine import *\ndef model(idim):\n    return None\n",
        "model = lambda idim, width: None\n",
        "class model:\n    pass\n",
        "if True:\n    def model(idim, width):\n        pass\n",
        PLAIN + "model = len\n",
    ],
)
def test_only_running_it_tells_of_others(text):
    modelcode.check_arguments(text, "model.py", ["width"])


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("import keras\n", "def model(idim): … returns the model"),
        (
            "def modle(idim):\n    pass\n",
            "did you mean 'modle'?; def model(idim): … returns the model",
        ),
        ("def build(idim):\n    pass\n", "known: build; def model(idim): … returns the model"),
    ],
)
def test_a_file_without_a_model_is_told_what_it_makes_in_its_place(text, hint):
    with pytest.raises(InvalidRequestError, match="defines no `model`") as caught:
        modelcode.check(text, "model.py")

    assert caught.value.problem.hint == hint
