"""params.json: names and defaults of the ancestor, typos and wrong values refused."""

import json
import math

import pytest

from mlaas4hep.core.requests.parse import parse_params
from mlaas4hep.core.requests.request import MetricsRequest, Params
from mlaas4hep.errors import InvalidRequestError

FILES = {"branches.txt": "Muon_pt\n# no masses\nMuon_eta  # flat\n\nJet_*\n"}


def params(**content):
    return parse_params(json.dumps(content), FILES.get)


def refusal(text):
    with pytest.raises(InvalidRequestError) as caught:
        parse_params(text, FILES.get)
    return caught.value.problem


def test_an_empty_object_gives_the_defaults_of_the_documentation():
    parsed = params()

    assert parsed.epochs == 10
    assert parsed.identifier == ("run", "event", "luminosityBlock")
    assert math.isnan(parsed.nan)
    assert params(nan=0) == Params(nan=0.0, training="auto")


def test_a_file_of_the_ancestor_is_understood():
    parsed = params(
        nevts=30000,
        shuffle=True,
        chunk_size=10000,
        epochs=5,
        batch_size=100,
        identifier=["runNo", "evtNo", "lumi"],
        branch="boostedAk8/events",
        selected_branches="",
        exclude_branches="",
        hist="pdfs",
        redirector="root://xrootd.example.org",
        verbose="1",
        nan="nan",
    )

    assert parsed.nevts == 30000
    assert parsed.identifier == ("runNo", "evtNo", "lumi")
    assert parsed.branch == "boostedAk8/events"
    assert parsed.selected_branches == ()
    assert parsed.redirector == "root://xrootd.example.org"
    assert parsed.hist == "pdfs"
    assert parsed.verbose == 1


def test_every_key_of_params_is_accepted():
    content = {
        "nevts": 1, "chunk_size": -1, "branch": "t", "identifier": "a", "selected_branches": ["b"],
        "exclude_branches": ["c"], "redirector": "root://x", "epochs": 2, "batch_size": 3,
        "shuffle": False, "split": 0.1, "training": "standard", "seed": 4, "metrics": True,
        "hist": "h", "nan": 5, "verbose": 6, "framework": "keras", "task": "binary", "positive": 1,
        "missing_branches": "fill", "on_bad_file": "skip", "file_patience": 9, "arguments": {"width": 64},
    }  # fmt: skip

    assert content.keys() == {*Params.__dataclass_fields__} - {
        *("rules", "fitting", "weighting", "splitting")
    }
    assert params(**content) == Params(
        missing_branches="fill", on_bad_file="skip", file_patience=9, arguments=(("width", 64),),
        nevts=1, chunk_size=-1, branch="t", identifier=("a",), selected_branches=("b",),
        exclude_branches=("c",), redirector="root://x", epochs=2, batch_size=3, shuffle=False,
        split=0.1, training="standard", seed=4, metrics=MetricsRequest(wanted=True), hist="h",
        nan=5.0, verbose=6, framework="keras", task="binary", positive="1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ("run", "event", "luminosityBlock")),
        ([], ("run", "event", "luminosityBlock")),
        ("runNumber, eventNumber", ("runNumber", "eventNumber")),
        (["evt"], ("evt",)),
    ],
)
def test_identifiers_are_a_list_or_a_comma_string_or_the_usual_three(given, expected):
    assert params(identifier=given).identifier == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ()),
        (["a", "b*"], ("a", "b*")),
        ("a, b*,", ("a", "b*")),
        ("Muon_pt", ("Muon_pt",)),
        ("branches.txt", ("Muon_pt", "Muon_eta", "Jet_*")),
    ],
)
@pytest.mark.parametrize("key", ["selected_branches", "exclude_branches"])
def test_branches_are_a_list_or_a_comma_string_or_a_file_of_the_tarball(key, given, expected):
    assert getattr(params(**{key: given}), key) == expected


def test_nan_may_be_written_as_python_does():
    assert math.isnan(parse_params('{"nan": NaN}', FILES.get).nan)


def test_whole_numbers_may_be_written_with_an_exponent():
    assert parse_params('{"nevts": 1e5}', FILES.get).nevts == 100_000


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (False, MetricsRequest()),
        (True, MetricsRequest(wanted=True)),
        ({"threshold": 0.7}, MetricsRequest(wanted=True, threshold=0.7)),
        ({}, MetricsRequest(wanted=True)),
    ],
)
def test_metrics_are_a_switch_or_a_threshold(given, expected):
    assert params(metrics=given).metrics == expected


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ({"epochs": 0}, "epochs is 0, not a whole number of at least 1"),
        ({"epochs": True}, "epochs is True"),
        ({"epochs": "5"}, "epochs is '5'"),
        ({"epochs": 2.5}, "epochs is 2.5"),
        ({"epochs": 10**30}, "epochs is 1000000"),
        ({"nevts": 0}, "nevts is 0, not a whole number of at least 1, or -1 for all"),
        ({"nevts": -2}, "nevts is -2"),
        ({"chunk_size": 0}, "chunk_size is 0"),
        ({"batch_size": -1}, "batch_size is -1"),
        ({"split": 1}, "split is 1, not a number from 0 up to, but not including, 1"),
        ({"split": -0.1}, "split is -0.1"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296, not a whole number from 0 to 4294967295"),
        ({"shuffle": 1}, "shuffle is 1, not true or false"),
        ({"shuffle": "True"}, "shuffle is 'True'"),
        ({"branch": ""}, "branch is '', not the name of a tree"),
        ({"branch": ["Events"]}, "branch is ['Events'], not a text"),
        ({"identifier": 3}, "identifier is 3, not a list of names"),
        ({"selected_branches": [1]}, "selected_branches is [1], not a list of names"),
        ({"redirector": "host:1094"}, "redirector is 'host:1094', not a server such as root://"),
        ({"training": "fast"}, "training is 'fast', not 'chunked' or 'standard'"),
        ({"metrics": 1}, "metrics is 1"),
        ({"metrics": {"threshold": 2}}, "metrics.threshold is 2, not a number from 0 to 1"),
        ({"metrics": {"treshold": 0.5}}, "unknown key 'treshold'"),
        ({"nan": "none"}, "nan is 'none'"),
        ({"verbose": "loud"}, "verbose is 'loud'"),
        ({"hist": 1}, "hist is 1, not a text"),
    ],
)
def test_a_wrong_value_is_refused_by_name(content, says):
    assert says in refusal(json.dumps(content)).message


@pytest.mark.parametrize(
    "content",
    [
        {"epochs": "five"},
        {"framework": "jax"},
        {"task": "binar"},
        {"folds": 1},
        {"folds": 0},
        {"folds": 21},
        {"folds": None},
        {"folds": True},
        {"validation": "event % 5 =="},
        {"weight": "pt *"},
        {"scaling": "minmx"},
        {"inputs": []},
        {"callbacks": 3},
    ],
)
def test_a_wrong_value_is_refused_with_what_to_do(content):
    assert refusal(json.dumps(content)).hint


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("pytorch", "torch"),
        ("tensorflow", "keras"),
        ("scikit-learn", "sklearn"),
        ("XGB", "xgboost"),
    ],
)
def test_the_name_of_a_package_is_told_as_that_of_its_framework(name, meant):
    assert refusal(json.dumps({"framework": name})).hint == f"did you mean {meant!r}?"


def test_an_unknown_key_is_a_typo():
    problem = refusal('{"epoch": 3}')

    assert problem.message == "params.json: unknown key 'epoch'"
    assert problem.hint == "did you mean 'epochs'?"


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("validation_split", "is called split"),
        ("initial_epoch", "goes on by itself"),
        ("validation_freq", "after it"),
        ("learning_rate", "model.py says it"),
    ],
)
def test_an_argument_of_fit_is_refused_with_where_it_is_said_here(key, says):
    problem = refusal(json.dumps({key: 1}))

    assert problem.message == f"params.json: unknown key {key!r}"
    assert says in problem.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"epochs": 3,\n "seed": }', "line 2, column 10"),
        ('{"branch": \u201cEvents"}', "line 1, column 12"),
        ("", "line 1, column 1"),
        ("[1]", "params.json is not an object"),
        ('{"a": ' + "[" * 100_000, "params.json is not JSON"),
        ('{"epochs": ' + "9" * 5000 + "}", "params.json is not JSON"),
        ('{"epochs": 1, "epochs": 2}', "'epochs' is given twice"),
        ("x" * 1_000_001, "more than 1000000"),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(text, says):
    assert says in refusal(text).message


def test_inputs_labels_and_callbacks_say_how_a_model_is_fitted():
    parsed = params(
        inputs={"jets": "Jet_*", "event": ["met", "ht"]},
        labels="inputs",
        callbacks={"EarlyStopping": {"patience": 3}},
    ).fitting

    assert parsed.inputs == (("jets", ("Jet_*",)), ("event", ("met", "ht")))
    assert parsed.learns_inputs
    assert parsed.callbacks == (("EarlyStopping", '{"patience": 3}'),)
    assert params(callbacks=["TerminateOnNaN"]).fitting.callbacks == (("TerminateOnNaN", "{}"),)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ("isB", (("", ("isB",)),)),
        (["isB", "pt > 3"], (("", ("isB", "pt > 3")),)),
        ({"b": "isB", "c": ["x", "y"]}, (("b", ("isB",)), ("c", ("x", "y")))),
        ("", ()),
    ],
)
def test_labels_are_branches_and_expressions_perhaps_by_output(labels, expected):
    assert params(labels=labels).fitting.labels == expected


@pytest.mark.parametrize(
    "wrong",
    [
        '{"inputs": "jets"}',
        '{"inputs": {"jets": []}}',
        '{"inputs": {"": "a"}}',
        '{"labels": 3}',
        '{"labels": ["isB", "isB"]}',
        '{"labels": {"": "isB"}}',
        '{"labels": {"flavour": []}}',
        '{"loss_columns": ["mass +"]}',
        '{"loss_columns": ["mass"], "labels": "inputs"}',
        '{"class_weight": "balance"}',
        '{"class_weight": {"1": -2}}',
        '{"class_weight": {"1": 2, "1.0": 3}}',
        '{"class_weight": "balanced", "balance": "classes"}',
        '{"callbacks": "EarlyStopping"}',
        '{"callbacks": {"EarlyStopping": 3}}',
    ],
)
def test_what_is_none_of_these_is_refused(wrong):
    assert "params.json: " in refusal(wrong).message


@pytest.mark.parametrize("key", ["labels", "loss_columns"])
def test_more_columns_than_anybody_learns_are_refused_before_they_are_parsed(key):
    columns = [f"a + {number}" for number in range(1001)]

    assert refusal(json.dumps({key: columns})).message == (
        f"params.json: {key} has 1001, more than 1000"
    )
