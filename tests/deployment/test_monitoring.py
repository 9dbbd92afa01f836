"""Every metric that a board, an alert or the runbook names exists, and every alert has its page."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.faas.metrics import MeteredApp
from mlaas4hep.http.predict.app import PredictApp
from mlaas4hep.http.workflow.front import front
from tests.people import World

REPOSITORY = Path(__file__).parents[2]
FOLDER = REPOSITORY / "deploy" / "monitoring"
NAME = re.compile(r"\bmlaas_\w+")
RULES = yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"][0]["rules"]
RUNBOOK = (REPOSITORY / "docs" / "runbook.md").read_text()


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """Return the names of all samples that Prometheus can get of us."""
    app = front(World(tmp_path_factory.mktemp("world")).app)
    registries = [
        Metrics().registry,
        MeteredApp(app, "workflow", app.levels).registry,
        MeteredApp(app, "workflow", app.owner_levels).registry,
        MeteredApp(None, "predict", _predict().levels).registry,
    ]
    names = set()
    for registry in registries:
        for family in text_string_to_metric_families(generate_latest(registry).decode()):
            if family.name.endswith("_created"):  # written by the library, of no use to anybody
                continue
            names |= {family.name, f"{family.name}_total"} | (
                {f"{family.name}_bucket"} if family.type == "histogram" else set()
            )
    return names


def _predict():
    context = SimpleNamespace(tallies={}, registry=SimpleNamespace(loaded=0))
    return PredictApp(context)


@pytest.mark.parametrize("board", sorted(FOLDER.glob("board-*.json")), ids=lambda path: path.stem)
def test_every_metric_of_a_board_exists(board, known):
    shown = json.loads(board.read_text())
    named = {
        name
        for panel in shown["panels"]
        for target in panel["targets"]
        for name in NAME.findall(target["expr"])
    }

    assert named
    assert named <= known


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_is_about_metrics_that_exist_and_has_its_page(rule, known):
    assert set(NAME.findall(rule["expr"])) <= known
    assert f"\n## {rule['alert']}\n" in RUNBOOK
    assert rule["annotations"]["runbook"] == f"docs/runbook.md#{rule['alert'].lower()}"


def test_the_runbook_lists_every_metric_and_no_other(known):
    listed = set(NAME.findall(RUNBOOK))
    made = {name.removesuffix("_total").removesuffix("_bucket") for name in known}

    assert listed <= known
    assert {name.removesuffix("_total") for name in listed} == made
