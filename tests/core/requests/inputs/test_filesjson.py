"""files.json, and lists of ServiceX: what they say of files."""

import pytest

from mlaas4hep.core.requests.parse import parse_files
from mlaas4hep.errors import InvalidRequestError
from tests.core.requests.inputs.filelists import PARAMS, files, resolve


def test_files_json_says_the_same_as_files_txt():
    text = """[
        "a.root:t",
        {"file": "b.root", "tree": "u", "label": 1},
        {"file": "c*", "label": "top"}
    ]"""
    found = parse_files(text, PARAMS, resolve, lambda _pattern: ["c1", "c2"])

    assert [(f.name, f.url, f.tree, f.line, f.label) for f in found] == [
        ("a.root:t", "resolved:a.root", "t", 1, ""),
        ("b.root:u", "resolved:b.root", "u", 2, "1"),
        ("c1", "resolved:c1", "Events", 3, "top"),
        ("c2", "resolved:c2", "Events", 3, "top"),
    ]


def test_files_json_says_weights_and_cross_sections():
    text = """{"files": [
        {"file": "a.root", "weight": 0.5, "xsec": 12, "sample": "ttH"},
        {"file": "b.root", "cross_section": 8.5},
        "c.root"
    ]}"""

    assert [(f.weight, f.xsec, f.sample) for f in files(text)] == [
        (0.5, 12.0, "ttH"),
        (1.0, 8.5, ""),
        (1.0, None, ""),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["https://x/a.root?X-Amz-Signature=1"]', [("", "")]),
        ('{"files": ["a.root", "b.root"], "status": "x"}', None),
        ('{"title": "t", "signed_url_list": ["a.root"], "log_url": null}', [("", "")]),
        ('{"Zmumu": ["a.root", "b.root"]}', [("Zmumu", ""), ("Zmumu", "")]),
        ('{"Z": ["a.root"], "tt": ["b.root"]}', [("Z", "Z"), ("tt", "tt")]),
    ],
)
def test_lists_of_servicex_are_understood(text, expected):
    if expected is None:
        with pytest.raises(InvalidRequestError, match="status"):
            files(text)
    else:
        assert [(file.sample, file.label) for file in files(text)] == expected


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "file 1 is no name and no object with a file"),
        ('["a", {"tree": "t"}]', "file 2 is no name"),
        ('[{"file": "a", "wieght": 2}]', "wieght"),
        ('[{"file": "a", "weight": "2"}]', "weight '2', which is no finite number"),
        ('[{"file": "a", "weight": NaN}]', "no finite number"),
        ('[{"file": "a", "weight": 1' + "0" * 400 + "}]", "a whole number of 401 digits"),
        ('[{"file": "a", "xsec": 0}]', "not above 0"),
        ('[{"file": "a", "xsec": 1, "cross_section": 1}]', "which are the same"),
        ('[{"file": "a", "sample": 1}]', "no text"),
        ("{}", "no list of files"),
        ('{"files": ["a"], "label": 1}', "label"),
        ('{"a": ["b"], "c": 1}', "no list of files"),
        ('[{"file": "a", "label": []}]', "neither a number nor a class"),
        ('[{"file": "a", "tree": 7}]', "no text"),
        ("[", "files.json"),
    ],
)
def test_a_files_json_that_makes_no_sense_is_refused(text, says):
    with pytest.raises(InvalidRequestError, match=r"files\.json") as caught:
        files(text)

    assert says in str(caught.value)
