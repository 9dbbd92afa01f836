"""A deployment in a notebook: tables, histograms and HTML of a run that is stored."""

import json
import os
from contextlib import closing

import matplotlib as mpl
import numpy as np
import pytest

from mlaas4hep.core import keys, sealed, wire
from mlaas4hep.core.data.specs.cutcounts import CutCount, FileCuts
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import RunFailed, SpecsReady
from mlaas4hep.errors import ConflictError, NotFoundError, Problem, UnauthenticatedError
from mlaas4hep.http.workflow.front import front
from mlaas4hep.notebook import connect
from tests.asgi import serving
from tests.cli.conftest import Gateway
from tests.people import FOLDER, World

pytest.importorskip("hist", reason="the extra `notebook` is not installed")

mpl.use("Agg")
OWNER = keys.owner("urn:mlaas4hep:laptop", "alice")
QUALITY = {
    "test": {
        "auc": 0.75,
        "auc_error": 0.01,
        "roc": {"false_positives": [0.0, 0.5, 1.0], "true_positives": [0.0, 0.75, 1.0]},
        "classes": ["background", "signal"],
        "scores": {"edges": [0.0, 0.5, 1.0], "counts": [[30, 10], [5, 35]]},
    },
    "train": {"rmse": 1.0},
}
HISTOGRAMS = [
    {"branch": "pt", "edges": [0, 1, 3], "counts": [5, 7], "by_class": {"0": [4, 2], "1": [1, 5]}},
    {"branch": "eta", "edges": [0, 1, 3], "counts": [5, 7], "by_class": {}},
]


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLAAS4HEP_TOKEN", raising=False)
    return World(tmp_path)


@pytest.fixture
def here(world, monkeypatch):
    with serving(Gateway(front(world.app))) as url:
        monkeypatch.setenv("MLAAS4HEP_URL", url)
        monkeypatch.setenv("MLAAS4HEP_TOKEN", world.token("alice"))
        made = connect()
        yield made
        made.close()


@pytest.fixture
def run(world, here, tmp_path):
    folder = tmp_path / "luca"
    folder.mkdir()
    for name, text in FOLDER.items():
        (folder / name).write_text(text)
    here.upload(folder, name="luca")
    return here.submit("luca", title="<b>first</b>")


def store(world, name, value):
    world.services.runs_files.put(files.key(OWNER, "luca_1", name), json.dumps(value).encode())


def test_without_login_and_token_it_says_how_to_get_one(world):
    with pytest.raises(UnauthenticatedError) as told:
        connect()

    assert "mlaas4hep login" in told.value.problem.hint


def test_a_run_shows_itself_and_nothing_of_it_is_markup(run):
    shown = run._repr_html_()

    assert repr(run) == "Run('luca_1', 'submitted')"
    assert "<b>luca_1</b> is submitted, &lt;b&gt;first&lt;/b&gt;" in shown
    assert "chunk-preprocess" in shown


def test_a_run_that_failed_is_told_with_its_hint(world, run):
    problem = Problem(code="x", message="no <tree>", hint="name it", stage="specs")
    world.services.runs.apply([RunFailed(owner=OWNER, run="luca_1", problem=problem)])

    with pytest.raises(ConflictError, match="luca_1 failed: no <tree>") as told:
        run.watch()

    assert told.value.__notes__ == ["name it"]
    assert "no &lt;tree&gt;" in run._repr_html_()
    with pytest.raises(ConflictError, match="has no model"):
        _ = run.model
    with pytest.raises(ConflictError, match="were not measured: no <tree>") as told:
        _ = run.features
    assert told.value.problem.hint == "name it"
    with pytest.raises(NotFoundError, match="has no quality") as told:
        run.roc()
    assert told.value.problem.hint == "the run failed: its log says why"


def test_what_the_model_relies_on_is_a_table_by_branch(world, run):
    branches = [
        {"branch": "pt", "drop": 0.2, "error": 0.01},
        {"branch": "eta", "drop": 0.1, "error": 0.02},
    ]
    store(world, files.CHECKS, {"importance": {"branches": branches}})
    table = run.importance

    assert table.loc["pt"].to_dict() == {"drop": 0.2, "error": 0.01}
    assert table.index.tolist() == ["pt", "eta"]

    store(world, files.CHECKS, {"importance": None})
    assert run.importance.empty


def test_the_history_is_a_table_by_round(world, run):
    assert run.history.empty
    store(world, files.HISTORY, [{"loss": 0.7, "auc": None}, {"loss": 0.5, "auc": 0.9}])

    table = run.history

    assert list(table.index) == [1, 2]
    assert table.index.name == "round"
    assert table["loss"].tolist() == [0.7, 0.5]
    assert np.isnan(table["auc"][1])


def test_histograms_are_those_of_hist_by_branch_and_class(world, run):
    store(world, files.HISTOGRAMS, HISTOGRAMS)

    found = run.histograms()
    axes = run.draw("pt")

    assert found["pt"]["1"].values().tolist() == [1, 5]
    assert found["pt"]["1"].axes[0].edges.tolist() == [0, 1, 3]
    assert found["eta"]["all"].sum() == 12
    assert axes.get_xlabel() == "pt"
    with pytest.raises(NotFoundError, match="no histogram of 'ptt'") as told:
        run.draw("ptt")
    assert "'pt'" in told.value.problem.hint


def test_histograms_of_weights_have_variances_and_those_of_earlier_runs_none(world, run):
    weighted = {
        "branch": "pt",
        "counts": [1.5, 5.0],
        "by_class": {"0": [0.5, 1.0], "1": [1.0, 4.0]},
        "variances": [0.75, 4.5],
        "variances_by_class": {"0": [0.25, 0.5], "1": [0.5, 4.0]},
        "edges": [0.0, 1.0, 3.0],
        "normalised_edges": [0.0, 0.5, 1.0],
    }
    store(world, files.HISTOGRAMS, [weighted])

    found = run.histograms()["pt"]
    bars = run.draw("pt").containers

    assert found["1"].values().tolist() == [1, 4]
    assert found["1"].variances().tolist() == [0.5, 4]
    drawn = [line.get_segments() for bar in bars for line in bar.lines[2]]
    ends = [[np.ptp(each[:, 1]) / 2 for each in segments] for segments in drawn if segments]
    assert ends[-1] == pytest.approx([0.5**0.5 / 5, 4**0.5 / 5 / 2])

    store(world, files.HISTOGRAMS, [{**weighted, "variances": None, "variances_by_class": {}}])
    assert np.isnan(run.histograms()["pt"]["0"].variances()).all()
    run.draw("pt")


def test_quality_is_drawn_with_area_and_uncertainty(world, run):
    store(world, files.QUALITY, QUALITY)

    axes = run.roc()

    assert axes.get_legend_handles_labels()[1] == ["held out, area 0.750 ± 0.010"]
    assert axes.lines[0].get_ydata().tolist() == [0.0, 0.75, 1.0]
    assert run.scores()["test"]["signal"].values().tolist() == [5, 35]
    store(world, files.QUALITY, {"test": {"rmse": 1.0}})
    with pytest.raises(NotFoundError, match="no ROC curve"):
        run.roc()


def test_of_several_classes_each_has_its_curve(world, run):
    curve = {"false_positives": [0.0, 1.0], "true_positives": [0.0, 1.0]}
    rocs = [{"class": name, "auc": 0.5, "auc_error": None, **curve} for name in ("qcd", "top")]
    store(world, files.QUALITY, {"test": {"rocs": rocs}, "train": {"rocs": rocs}})

    names = ["qcd, held out, area 0.500", "top, held out, area 0.500"]
    assert run.roc().get_legend_handles_labels()[1] == names

    store(world, files.QUALITY, {"val/b": {"rocs": rocs[:1]}, "val/c": {"rocs": rocs[1:]}})
    names = ["qcd, val/b, area 0.500", "top, val/c, area 0.500"]
    assert run.roc().get_legend_handles_labels()[1] == names


def test_of_several_classes_each_has_its_score(world, run):
    each = {
        "classes": ["qcd", "w", "top"],
        "scores": {"edges": [0.0, 0.5, 1.0], "counts": [[9, 1], [8, 2], [3, 7]]},
        "class_scores": {
            "edges": [0.0, 0.5, 1.0],
            "counts": [
                [[1, 9], [6, 4], [7, 3]],
                [[5, 5], [2, 8], [4, 6]],
                [[9, 1], [8, 2], [3, 7]],
            ],
        },
    }
    store(world, files.QUALITY, {"test": each, "train": each, "test/pt": {"rmse": 1.0}})

    found = run.scores("w")

    assert list(found) == ["test", "train"]
    counts = {true: each.values().tolist() for true, each in found["test"].items()}
    assert counts == {"qcd": [5, 5], "w": [2, 8], "top": [4, 6]}
    assert found["test"]["top"].axes[0].label == "score of w"
    assert run.scores()["test"]["qcd"].values().tolist() == [9, 1]
    assert run.scores()["test"]["qcd"].axes[0].label == "score of top"
    with pytest.raises(NotFoundError, match="no scores of a class 'topp'") as told:
        run.scores("topp")
    assert told.value.problem.hint == "did you mean 'top'?"


def test_the_cut_flow_is_a_table_of_files_and_cuts_whatever_they_are_called(world, run):
    counts = tuple(
        CutCount(cut=cut, passed=passed) for cut, passed in (("passed", 70), ("n < 3", 40))
    )
    measured = Specs(
        branches=(),
        ranges=(RangeCount(file=0, start=0, stop=100, passed=40),),
        cuts=(FileCuts(file=0, entries=100, counts=counts),),
    )
    world.services.specs.put("specs", sealed.dump(measured))
    news = SpecsReady(owner=OWNER, run="luca_1", key="specs", entries=40, columns=1, chunks=1)
    world.services.runs.apply([news])

    table = run.cutflow

    assert list(table.columns) == ["entries", "passed", "n < 3", "passed"]
    assert table.iloc[0].tolist() == [100, 70, 40, 40]


def test_an_address_does_in_place_of_a_name(world, here, monkeypatch):
    address = os.environ["MLAAS4HEP_URL"]
    monkeypatch.delenv("MLAAS4HEP_URL")

    with closing(connect(address)) as there:
        assert there.runs().empty


def test_the_table_of_models_says_how_good_each_is(world, here):
    about = {"task": "binary", "framework": "keras", "metrics": (("test_auc", 0.9),)}
    record = ModelRecord(owner=OWNER, name="net", version="v1", files=(), **about)
    world.services.models.put(keys.model(OWNER, "net"), wire.dump(record))

    found = here.models().loc["net"]

    assert found[["version", "learned", "framework", "test_auc"]].tolist() == [
        *("v1", "binary", "keras", 0.9)
    ]


def test_runs_and_models_are_tables(world, here, run):
    assert here.runs().loc["luca_1", "status"] == "submitted"
    assert here.runs(status="failed").empty
    assert here.models().empty
    assert here.run("luca_1").refresh().name == "luca_1"
    assert run.cancel().status == "cancelled"
    assert run.watch().cutflow.empty
