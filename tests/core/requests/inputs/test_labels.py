"""labels.txt: a number or a class a file, or an expression."""

import pytest

from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.parse import parse_files, parse_labels
from mlaas4hep.core.requests.request import InputFile
from mlaas4hep.errors import InvalidRequestError
from tests.core.requests.inputs.filelists import PARAMS, resolve


def some_files(count):
    return [InputFile(name=f"{i}.root", url=f"{i}.root", tree="t") for i in range(count)]


def test_a_label_for_a_line_is_one_for_all_its_files():
    found = parse_files("s*\nb.root", PARAMS, resolve, lambda _pattern: ["s1", "s2", "s3"])

    assert parse_labels("1\n0", found).values == (1, 1, 1, 0)
    assert parse_labels("1\n2\n3\n0", found).values == (1, 2, 3, 0)


@pytest.mark.parametrize(
    ("text", "count", "expected"),
    [
        ("1\n0\n", 2, Labels(values=(1.0, 0.0))),
        ("# signal first\n1  # yes\n\n0.5\n-2e3", 3, Labels(values=(1.0, 0.5, -2000.0))),
        ("1", 1, Labels(values=(1.0,))),
        ("ttbar\nqcd\nttbar", 3, Labels(values=(1.0, 0.0, 1.0), classes=("qcd", "ttbar"))),
        ("elmu", 1, Labels(expression="elmu")),
        ("elmu", 3, Labels(expression="elmu")),
        ("nJets > 2 && met < 50", 2, Labels(expression="nJets > 2 && met < 50")),
    ],
)
def test_labels_are_numbers_or_classes_or_an_expression(text, count, expected):
    assert parse_labels(text, some_files(count)) == expected


@pytest.mark.parametrize(
    ("text", "count", "says"),
    [
        ("1\n0\n1", 2, "labels.txt has 3 labels, but files.txt has 2 files"),
        ("1", 2, "labels.txt has 1 labels, but files.txt has 2 files"),
        ("a\nb", 3, "labels.txt has 2 labels, but files.txt has 3 files"),
        ("1\nqcd", 2, "labels.txt has numbers (1) and names (1)"),
        ("", 1, "labels.txt is empty"),
        ("1,0", 2, "labels.txt: expression '1,0', column 2"),
    ],
)
def test_labels_that_do_not_match_are_refused(text, count, says):
    with pytest.raises(InvalidRequestError) as caught:
        parse_labels(text, some_files(count))

    assert says in str(caught.value)
    assert caught.value.problem.hint


def test_branches_and_expressions_between_commas_are_label_columns():
    found = parse_labels("isB, max(isC, 0)\n", some_files(2))

    assert (found.expressions, found.columns.names) == (("isB", "max(isC, 0)"),) * 2
    with pytest.raises(InvalidRequestError, match="two label columns are called 'isB'"):
        parse_labels("isB, isB", some_files(2))
