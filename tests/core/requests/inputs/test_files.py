"""files.txt and labels.txt."""

import pytest

from mlaas4hep.core.requests.parse import parse_files
from mlaas4hep.core.requests.request import InputFile, Params
from mlaas4hep.errors import InvalidRequestError
from tests.core.requests.inputs.filelists import PARAMS, files, resolve


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
        ("https://host/a.root?id=b:c", "https://host/a.root?id=b:c", "Events"),
        ("davs://host/a.root", "https://host/a.root", "Events"),
        ("xroot://host//a.root:t", "root://host//a.root", "t"),
        ("/eos/user/a.root", "root://redirector.example.org//eos/user/a.root", "Events"),
        ("a.h5:group/jets", "a.h5", "group/jets"),
        ("/store/user/a.root", "root://redirector.example.org//store/user/a.root", "Events"),
        ("/store/user/a.root:t", "root://redirector.example.org//store/user/a.root", "t"),
        ("ntuple.1:t", "ntuple.1", "t"),
        ("run:3.root", "run:3.root", "Events"),
        ("a.root : t", "a.root", "t"),
    ],
)
def test_a_line_is_a_file_and_perhaps_a_tree(line, url, tree):
    assert files(line) == (InputFile(name=line, url=f"resolved:{url}", tree=tree),)


@pytest.mark.parametrize(
    ("line", "asked", "tree"),
    [
        ("/DY/Run3-v1/NANOAODSIM", "dataset:/DY/Run3-v1/NANOAODSIM", "Events"),
        ("/DY/Run3-v1/NANOAODSIM:t", "dataset:/DY/Run3-v1/NANOAODSIM", "t"),
        ("rucio:user.luca:ds_1", "dataset:user.luca:ds_1", "Events"),
        ("rucio://user.luca:ds_1", "dataset:user.luca:ds_1", "Events"),
        ("dbs:/A/B/USER", "dataset:/A/B/USER", "Events"),
        ("dataset:any", "dataset:any", "Events"),
    ],
)
def test_a_data_set_stands_for_the_files_that_the_site_tells(line, asked, tree):
    questions = []

    def expand(name):
        questions.append(name)
        return ["/store/1.root", "root://h//2.root"]

    found = parse_files(line, PARAMS, resolve, expand)

    assert questions == [asked]
    assert [(file.url, file.tree, file.line) for file in found] == [
        ("resolved:root://redirector.example.org//store/1.root", tree, 1),
        ("resolved:root://h//2.root", tree, 1),
    ]


def test_without_a_redirector_the_deployment_resolves_bare_names():
    (file,) = files("/store/a.root", Params())

    assert file.url == "resolved:/store/a.root"


def test_a_redirector_may_speak_http():
    (file,) = files("/store/a.root", Params(redirector="https://host:443"))

    assert file.url == "resolved:https://host:443/store/a.root"


@pytest.mark.parametrize("name", ["12:30.csv", "a:b.ROOT", "a:b.jsonl.gz"])
def test_a_colon_may_stand_in_the_name_of_a_file(name):
    (alone,) = files(name)
    (with_tree,) = files(f"{name}:Events")

    assert (alone.url, alone.tree) == (f"resolved:{name}", PARAMS.branch)
    assert (with_tree.url, with_tree.tree) == (f"resolved:{name}", "Events")


def test_a_file_that_is_named_twice_is_refused():
    with pytest.raises(InvalidRequestError, match=r"twice, once as 'a.root', in lines 1 and 3"):
        files("a.root\nb.root\na.root:Events\n")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a.root", "./a.root"),
        ("data/../a.root", "a.root"),
        ("root://h//a/b.root", "root://H/a//b.root"),
        ("a.root | b.root", "a.root"),
        ("a.root | b.root", "b.root"),
        ("a.root | c.root", "b.root | c.root"),
    ],
)
def test_one_file_under_two_names_is_named_with_both(first, second):
    with pytest.raises(InvalidRequestError) as caught:
        parse_files(f"{first}\n{second}", PARAMS, str)

    assert f"names {second!r} twice, once as {first!r}, in lines 1 and 2" in str(caught.value)


def test_a_pattern_stands_for_the_files_that_match():
    found = parse_files(
        "data/*.root:t\nb.root",
        PARAMS,
        resolve,
        {"data/*.root": ["data/1.root", "data/2.root"]}.get,
    )

    assert [(f.name, f.url, f.tree, f.line) for f in found] == [
        ("data/1.root:t", "resolved:data/1.root", "t", 1),
        ("data/2.root:t", "resolved:data/2.root", "t", 1),
        ("b.root", "resolved:b.root", "Events", 2),
    ]


def test_a_pattern_that_matches_nothing_is_refused():
    with pytest.raises(InvalidRequestError, match=r"no file matches 'x\*'"):
        parse_files("x*", PARAMS, resolve, lambda _pattern: [])
    with pytest.raises(InvalidRequestError, match="no file matches") as caught:
        parse_files("root://h//x*?authz=s3cret", PARAMS, resolve, lambda _pattern: [])
    assert "s3cret" not in str(caught.value.problem)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("data/*.root | a.root", "has a pattern, which cannot be in several places"),
        ("a.root:s | b.root:t", "names two trees of one file, 's' and 't'"),
        ('[{"file": "a.root:s", "tree": "t"}]', "names two trees of one file, 's' and 't'"),
        ('[{"file": " "}]', "file 1 is no name and no object with a file"),
        ('[{"file": "a.root", "label": 1e999}]', "has the label inf, which is no finite number"),
        ('[{"file": "a.root", "label": " "}]', "is neither a number nor a class"),
        ('{"signal": ["a.root"], "background": []}', "'background' has no files"),
    ],
)
def test_a_line_that_says_two_things_or_none_is_refused(line, message):
    with pytest.raises(InvalidRequestError, match=message):
        parse_files(line, PARAMS, resolve, lambda pattern: [pattern])


def test_a_pattern_may_begin_with_a_bracket():
    found = parse_files("[ab].root\n", PARAMS, resolve, lambda pattern: [f"{pattern[1]}.root"])

    assert [file.name for file in found] == ["a.root"]


def test_a_query_is_no_pattern():
    (file,) = files("https://h/a.root?x=*")

    assert file.url == "resolved:https://h/a.root?x=*"


def test_several_places_of_one_file_are_one_input():
    assert [(f.url, f.tree) for f in files("a.root:t | root://h//a.root")] == [
        ("resolved:a.root | resolved:root://h//a.root", "t")
    ]


def test_of_several_places_those_that_are_refused_are_left_out():
    def allowed(name):
        if name.startswith("/"):
            raise InvalidRequestError(f"{name} is not here")
        return name

    assert parse_files("/a.root | b.root", PARAMS, allowed)[0].url == "b.root"
    with pytest.raises(InvalidRequestError, match=r"/a\.root is not here"):
        parse_files("/a.root | /b.root", PARAMS, allowed)


def test_tokens_are_sent_to_the_server_and_not_shown():
    (file,) = files("root://h//a.root?authz=Bearer%20abc")

    assert (file.name, "abc" in file.url) == ("root://h//a.root?authz=…", True)


@pytest.mark.parametrize(
    ("line", "url", "tree"),
    [
        ("root://h//a.root:t?authz=a:b", "root://h//a.root?authz=a:b", "t"),
        ("https://h/a.root:dir/t?x=1&sig=b%3A", "https://h/a.root?x=1&sig=b%3A", "dir/t"),
        ("root://h//a.root?authz=a:b", "root://h//a.root?authz=a:b", "Events"),
        ("root://h:1094//a.root?authz=ab", "root://h:1094//a.root?authz=ab", "Events"),
    ],
)
def test_a_tree_stands_before_the_token(line, url, tree):
    (file,) = files(line)

    assert (file.url, file.tree) == (f"resolved:{url}", tree)


def test_a_pattern_of_one_letter_may_have_a_tree():
    (file,) = parse_files("x?.root:t", PARAMS, resolve, lambda pattern: [pattern.replace("?", "1")])

    assert (file.url, file.tree) == ("resolved:x1.root", "t")


@pytest.mark.parametrize(
    ("text", "trees"),
    [
        ("a.root:t;1\na.root:t;2", ["t;1", "t;2"]),
        ("a.root:/d/t;1", ["d/t;1"]),
        ('[{"file": "a.root", "tree": "/d/t"}]', ["d/t"]),
    ],
)
def test_cycles_and_paths_of_trees_are_kept(text, trees):
    assert [file.tree for file in files(text)] == trees


@pytest.mark.parametrize(
    "text", ["a.root:t\na.root:t;1", "a.root:/t;1\na.root:t", "a.root:t;1\na.root:/t;1"]
)
def test_a_tree_and_one_of_its_cycles_may_be_the_same(text):
    with pytest.raises(InvalidRequestError, match=r"twice.*in lines 1 and 2"):
        files(text)


def test_two_trees_of_one_file_are_two_inputs():
    assert [file.tree for file in files("a.root:signal\na.root:background")] == [
        "signal",
        "background",
    ]


def test_no_files_at_all_are_refused():
    with pytest.raises(InvalidRequestError, match=r"files.txt names no file"):
        files("# nothing\n")
