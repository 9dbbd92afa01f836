"""What a scan is to try."""

from collections import Counter

import pytest

from mlaas4hep.core.requests.scan import parse_scan
from mlaas4hep.errors import InvalidRequestError

RANGE = {"low": 0.001, "high": 0.1, "log": True}


def test_a_grid_has_every_point_once():
    scan = parse_scan({"params": {"epochs": [1, 2]}, "arguments": {"width": [8, 16, 32]}})

    points = {scan.proposal(number) for number in range(scan.trials)}
    assert scan.trials == len(points) == 6
    assert (("epochs", 2), ("arguments.width", 32)) in points


def test_a_random_scan_of_lists_alone_tries_nothing_twice():
    params = {"batch_size": [50, 100, 200], "epochs": [1, 2]}
    some = parse_scan({"method": "random", "trials": 4, "params": params})
    every = parse_scan({"method": "random", "trials": 50, "params": params})
    large = {f"a{number}": list(range(10)) for number in range(20)}
    of_many = parse_scan({"method": "random", "arguments": large})

    assert len({some.proposal(number) for number in range(4)}) == some.trials == 4
    grid = parse_scan({"params": params})
    assert {every.proposal(number) for number in range(every.trials)} == {
        grid.proposal(number) for number in range(6)
    }
    assert len({of_many.proposal(number) for number in range(20)}) == of_many.trials == 20


def test_what_was_not_tried_yet_tells_true_from_1():
    scan = parse_scan({"method": "optuna", "trials": 9, "arguments": {"a": [True, 1, 1.0]}})
    first, second, third = ((("arguments.a", value),) for value in (True, 1, 1.0))

    assert scan.trials == 3
    assert scan.untried([first]) == second
    assert type(scan.untried([first, second])[0][1]) is float
    assert scan.untried([first, second, third]) is None


def test_a_random_scan_is_the_same_each_time_and_stays_in_its_ranges():
    given = {"method": "random", "trials": 30, "arguments": {"rate": RANGE, "kind": ["a", "b"]}}

    points = [parse_scan(given).proposal(number) for number in range(30)]
    assert points == [parse_scan(given).proposal(number) for number in range(30)]
    rates = [dict(point)["arguments.rate"] for point in points]
    assert all(0.001 <= rate <= 0.1 for rate in rates)
    assert sum(rate < 0.01 for rate in rates) > 5  # logarithmic
    assert {dict(point)["arguments.kind"] for point in points} == {"a", "b"}


def test_the_ends_of_a_range_of_whole_numbers_are_as_likely_as_the_rest():
    scan = parse_scan({"method": "random", "arguments": {"depth": {"low": 1, "high": 3}}})

    drawn = Counter(dict(scan.proposal(number))["arguments.depth"] for number in range(3000))
    assert drawn.keys() == {1, 2, 3}
    assert all(900 < times < 1100 for times in drawn.values())


@pytest.mark.parametrize(
    ("figure", "maximise"), [("val_loss", False), ("test_auc", True), ("val_accuracy", True)]
)
def test_what_is_better_follows_from_the_figure(figure, maximise):
    assert parse_scan({"params": {"epochs": [1]}, "figure": figure}).maximise is maximise


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "there is nothing to try"),
        ([], "scan is"),
        ({"params": {"epoch": [1]}}, "epoch"),
        ({"params": {"weight": ["w"]}}, "weight"),
        ({"params": {"epochs": []}}, "epochs is []"),
        ({"params": {"epochs": 3}}, "epochs is 3"),
        ({"params": {"epochs": {"low": 1, "high": 9}}}, "a grid needs a list"),
        ({"method": "random", "arguments": {"a": {"low": 2, "high": 1}}}, "low < high"),
        ({"method": "random", "arguments": {"a": {"low": 0, "high": 1, "log": True}}}, "above 0"),
        ({"method": "bayes", "params": {"epochs": [1]}}, "'bayes'"),
        ({"params": {"epochs": [1]}, "parallel": 99}, "parallel is 99"),
        ({"params": {"epochs": [1]}, "prune": True}, "only method 'optuna'"),
        ({"params": {"epochs": list(range(1, 40)), "seed": list(range(40))}}, "1560 points"),
        ({"params": {"epochs": [1]}, "promote": "../x"}, "promote"),
        ({"arguments": {"rate": [0.1, 0.2, 0.1]}}, "arguments.rate has 0.1 twice"),
        ({"method": "random", "params": {"seed": [1, 1]}}, "seed has 1 twice"),
    ],
)
def test_a_wrong_scan_is_refused_with_what_is_wrong(given, says):
    with pytest.raises(InvalidRequestError) as caught:
        parse_scan(given)

    assert says in caught.value.problem.message


def test_true_and_one_are_two_values_of_an_argument():
    scan = parse_scan({"arguments": {"depth": [True, 1, 1.0, "1"]}})

    assert scan.trials == 4
