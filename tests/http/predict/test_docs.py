"""The examples of docs/serving.md are sent as they stand."""

import json
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parents[3] / "docs" / "serving.md").read_text()
EXAMPLES = re.findall(r"```http\n(\w+) (\S+)\n(.*?)\n```", TEXT, re.DOTALL)


@pytest.mark.parametrize(("method", "path", "body"), EXAMPLES)
def test_an_example_works(world, alice, method, path, body):
    world.serve_trained()

    assert alice.request(method, path, content=body).status_code == 200


def test_the_answer_that_is_shown_has_the_shape_of_the_real_one(world, alice):
    world.serve_trained()
    (shown,) = re.findall(r"```json\n(.*?)\n```", TEXT, re.DOTALL)

    answer = alice.post("/json", content=EXAMPLES[0][2]).json()

    answer["predictions"] = [round(each, 2) for each in answer["predictions"]]
    assert answer == json.loads(shown)
