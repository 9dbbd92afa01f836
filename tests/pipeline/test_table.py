"""The event table is whole: every event that is sent to a function wakes just one step there."""

import importlib.util
import sys
from pathlib import Path

import pytest
import yaml

from mlaas4hep.core.runs.events import KINDS, SUBJECTS
from mlaas4hep.pipeline import table

REPOSITORY = Path(__file__).parents[2]
SENT = {kind: kind.subject for kind in KINDS.values() if kind.subject}


def test_every_event_that_is_sent_has_one_row_and_no_other_event_has_any():
    assert sorted(row.event.type for row in table.TABLE) == sorted(kind.type for kind in SENT)


@pytest.mark.parametrize("row", table.TABLE, ids=lambda row: row.event.type)
def test_an_event_is_sent_to_the_function_that_its_row_names(row):
    assert SENT[row.event] == f"mlaas.{row.function}"


@pytest.mark.parametrize("row", table.TABLE, ids=lambda row: row.event.type)
def test_every_row_but_predicts_has_a_step(row):
    assert (row.step is None) == (row.function == "predict")


def test_every_function_of_the_table_has_its_topic_in_stack_yml():
    stack = yaml.safe_load((REPOSITORY / "stack.yml").read_text())
    topics = {
        name: function["annotations"]["topic"]
        for name, function in stack["functions"].items()
        if "topic" in function.get("annotations", {})
    }

    assert topics == {row.function: f"mlaas.{row.function}" for row in table.TABLE}
    assert set(topics.values()) == set(SUBJECTS)


@pytest.mark.parametrize("name", ["specs", "chunk-preprocess", "train"])
def test_a_handler_does_the_steps_of_its_rows_and_no_others(name, monkeypatch):
    path = REPOSITORY / "functions" / name.replace("-", "_") / "handler.py"
    spec = importlib.util.spec_from_file_location(f"handler_of_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)

    _, steps, _ = module.function.factory.args

    assert dict(steps) == {row.event: row.step for row in table.TABLE if row.function == name}
