"""Lines of files.txt that people write otherwise, and what they are told to write."""

import pytest

from mlaas4hep.core.requests.inputs.files import parse_files
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
