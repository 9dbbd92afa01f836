"""Lines of files.txt that people write otherwise, and what they are told to write."""

import json

import pytest

from mlaas4hep.core.requests.inputs.files import parse_files
from mlaas4hep.core.requests.inputs.weighing import weighed
from mlaas4hep.core.requests.parse import parse_params
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import InvalidRequestError


def _nothing_there(name):
    raise InvalidRequestError(f"{name!r} is not there", hint="did you mean 'c.csv'?")


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("a.csv,b.csv", "write a line for each file"),
        ("a.csv b.csv", "write a line for each file"),
        ("'a.csv'; 'b.csv'", "write a line for each file"),
        ('"a.csv"', "names stand without quotes: a.csv"),
        ("'*.csv',", "names stand without quotes: *.csv"),
        ("a.csv|b.csv", "places of one file have spaces between them: a.csv | b.csv"),
        ("a.csv | b.csv", "did you mean 'c.csv'?"),
        ("my a.csv", "did you mean 'c.csv'?"),
        ("ä.csv", "did you mean 'c.csv'?"),
    ],
)
def test_a_line_that_names_nothing_is_told_how_lines_are_written(line, hint):
    with pytest.raises(InvalidRequestError) as caught:
        parse_files(line, Params(), _nothing_there, lambda _: [])

    assert caught.value.problem.hint == hint


def _weighed(files_json, **params):
    parsed = parse_params(json.dumps(params), lambda _: None)
    return weighed(parse_files(files_json, parsed, str), parsed)


def test_a_luminosity_goes_with_cross_sections_of_files_json():
    (first, second), params = _weighed(
        '[{"file": "a", "xsec": 3, "weight": 2}, {"file": "b", "xsec": 10, "sample": "B"}]',
        luminosity=100,
    )

    assert (params.weighting.norm, params.weighting.luminosity) == ("xsec", 100.0)
    assert (first.weight, first.xsec, first.sample) == (2.0, 3.0, "1")
    assert (second.weight, second.xsec, second.sample) == (1.0, 10.0, "B")


def test_a_luminosity_without_cross_sections_is_refused():
    with pytest.raises(InvalidRequestError, match="luminosity is given, but nothing uses it"):
        _weighed('["a", "b"]', luminosity=100)


def _refused(text, says, expand=lambda pattern: [pattern]):
    with pytest.raises(InvalidRequestError, match=says):
        parse_files(text, Params(), str, expand)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x" * 10_000_000, "line 1 has 10000000 characters, more than 16384"),
        ("a.root\nb" + " " * 20_000 + "c", "line 2 has 20002 characters"),
        ("\n".join(f"{n}.root" for n in range(10_001)), "more than 10000 files or labels"),
        ("#\v" * 5_000_000, "more than 100000 lines, with comments and empty ones"),
        ("\n".join(f"{n}*" for n in range(501)), "more than 500 patterns"),
        ("\n".join(f"{'*a' * 5000}{n}" for n in range(11)), "more than 100000 characters of pat"),
        (" | ".join(f"root://h//{n}" for n in range(21)), "has more than 20 places"),
        ("\n".join(f"{n} | root://h//{n}" for n in range(101)), "has too many places"),
    ],
    ids=[
        "a line without end",
        "spaces without end",
        "lines",
        "comments",
        "patterns",
        "long patterns",
        "places",
        "packed",
    ],
)
def test_lists_that_would_hold_others_up_are_refused(text, says):
    _refused(text, says)


def test_places_of_one_file_may_have_any_space_between_them():
    (found,) = parse_files("a.root  |\t root://h//a.root", Params(), str)

    assert found.url == "a.root | root://h//a.root"
