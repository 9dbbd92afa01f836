"""files.txt and labels.txt."""

import pytest

from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.parse import parse_files, parse_labels
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.errors import InvalidRequestError

PARAMS = Params(branch="Events", redirector="root://redirector.example.org")


def resolve(name):
    return f"resolved:{name}"


def files(text, params=PARAMS):
    return parse_files(text, params, resolve)


def some_files(count):
    return [InputFile(name=f"{i}.root", url=f"{i}.root", tree="t") for i in range(count)]


def test_comments_and_empty_lines_are_not_files():
    text = "\ufeff# signal\n\n a.root  # the large one\n#b.root\nc#1.root\r\n"

    assert [file.name for file in files(text)] == ["a.root", "c#1.root"]


@pytest.mark.parametrize(
    ("line", "url", "tree"),
    [
        ("a.root", "a.root", "Events"),
        ("data/a.root:dir/tree", "data/a.root", "dir/tree"),
        ("/abs/a.root:t", "/abs/a.root", "t"),
        ("root://host//a.root", "root://host//a.root", "Events"),
        ("root://host:1094//a.root", "root://host:1094//a.root", "Events"),
        ("root://host:1094//a.root:t", "root://host:1094//a.root", "t"),
        ("https://host:8443/a.root", "https://host:8443/a.root", "Events"),
        ("https://host:8443/a.root:t", "https://host:8443/a.root", "t"),
        ("https://host/a.root?token=b:c", "https://host/a.root?token=b:c", "Events"),
        ("/store/user/a.root", "root://redirector.example.org//store/user/a.root", "Events"),
        ("/store/user/a.root:t", "root://redirector.example.org//store/user/a.root", "t"),
        ("ntuple.1:t", "ntuple.1", "t"),
        ("run:3.root", "run:3.root", "Events"),
    ],
)
def test_a_line_is_a_file_and_perhaps_a_tree(line, url, tree):
    assert files(line) == (InputFile(name=line, url=f"resolved:{url}", tree=tree),)


def test_without_a_redirector_the_deployment_resolves_bare_names():
    (file,) = files("/store/a.root", Params())

    assert file.url == "resolved:/store/a.root"


def test_a_redirector_may_speak_http():
    (file,) = files("/store/a.root", Params(redirector="https://host:443"))

    assert file.url == "resolved:https://host:443/store/a.root"


def test_a_file_that_is_named_twice_is_refused():
    with pytest.raises(InvalidRequestError, match=r"'a.root' twice, in lines 1 and 3"):
        files("a.root\nb.root\na.root:Events\n")


def test_two_trees_of_one_file_are_two_inputs():
    assert [file.tree for file in files("a.root:signal\na.root:background")] == [
        "signal",
        "background",
    ]


def test_no_files_at_all_are_refused():
    with pytest.raises(InvalidRequestError, match=r"files.txt names no file"):
        files("# nothing\n")


# Labels -----------------------------------------------------------------------------------------
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
