"""Which branches are read and which become features."""

from dataclasses import replace

import pytest

from mlaas4hep.core.data.planning.splitting import Splitting
from mlaas4hep.core.data.tree import BranchInfo, TreeInfo
from mlaas4hep.core.data.weighting import Weighting
from mlaas4hep.core.requests.fitting import Fitting
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.branches import Branches, choose
from mlaas4hep.core.selection.gaps import lacking
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

PER_FILE = Labels(values=(1.0, 0.0))


def _tree(unreadable=(), **branches):
    return TreeInfo(
        url="/f",
        tree="Events",
        uuid="u",
        size_bytes=1,
        entries=5,
        branches=tuple(
            BranchInfo(name=name, dtype=kind.strip("[]"), jagged=kind.endswith("]"))
            for name, kind in branches.items()
        ),
        unreadable=tuple(unreadable),
    )


TREE = _tree(
    run="uint32", nJet="int32", Jet_pt="float32[]", Jet_eta="float32[]", met="float32", w="float64"
)


def _choose(tree=TREE, labels=PER_FILE, preproc="", **params):
    trees = tree if isinstance(tree, dict) else {"a.root": tree}
    return choose(trees, Params(**params), Preproc.parse(preproc), labels)


def test_everything_but_identifiers_is_a_feature():
    assert _choose() == Branches(
        features=("Jet_eta", "Jet_pt", "met", "nJet", "w"),
        reads=("Jet_eta", "Jet_pt", "met", "nJet", "w"),
        label=(),
        identifiers=("run",),
    )


def test_branches_are_selected_and_excluded_by_name_and_glob():
    assert _choose(selected_branches=("Jet_*", "met")).features == ("Jet_eta", "Jet_pt", "met")
    assert _choose(exclude_branches=("Jet_*", "w")).features == ("met", "nJet")
    assert _choose(selected_branches=("Jet_*",), exclude_branches=("*eta",)).features == ("Jet_pt",)


@pytest.mark.parametrize("key", ["selected_branches", "exclude_branches", "identifier"])
def test_a_typo_is_refused_with_the_nearest_name(key):
    with pytest.raises(InvalidRequestError, match="'Jet_ptt'") as caught:
        _choose(**{key: ("Jet_ptt",)})

    assert caught.value.problem.branch == "Jet_ptt"
    assert "'Jet_pt'" in caught.value.problem.hint


def test_a_label_branch_is_read_and_is_no_feature():
    branches = _choose(labels=Labels(expression="met"))

    assert "met" in branches.reads
    assert "met" not in branches.features
    assert branches.label == ("met",)
    assert branches.warnings == ()


def test_what_a_label_is_computed_from_is_left_out_with_a_warning():
    branches = _choose(labels=Labels(expression="met > 2 * w"))

    assert branches.features == ("Jet_eta", "Jet_pt", "nJet")
    assert "met, w" in branches.warnings[0]


def test_a_label_must_be_one_number_an_entry():
    with pytest.raises(InvalidRequestError, match="row of values"):
        _choose(labels=Labels(expression="Jet_pt"))

    assert _choose(labels=Labels(expression="max(Jet_pt)")).label == ("Jet_pt",)


def test_a_label_may_be_a_new_branch():
    preproc = '{"new_branch": {"good": {"def": "met > 10", "type": "flat"}}}'

    branches = _choose(labels=Labels(expression="good"), preproc=preproc)

    assert (branches.label, "good" in branches.features) == (("good",), False)


def test_new_branches_are_features_and_removed_ones_are_not():
    preproc = """{
        "new_branch": {"ht": {"def": "sum(Jet_pt)", "type": "flat", "remove": "False"}},
        "flat_cut": {"nJet": {"cut": "nJet>=2", "remove": "True"}}
    }"""

    branches = _choose(preproc=preproc, selected_branches=("met",))

    assert branches.features == ("ht", "met")
    assert branches.reads == ("Jet_pt", "met", "nJet")


def test_a_branch_that_one_file_has_not_is_named_with_its_file():
    trees = {"a.root": TREE, "b.root": _tree(run="uint32", nJet="int32", met="float32")}

    with pytest.raises(InvalidRequestError, match=r"'b.root' has no branch 'Jet_eta'") as caught:
        _choose(trees)

    problem = caught.value.problem
    assert (problem.file, problem.branch) == ("b.root", "Jet_eta")
    assert "exclude_branches" in problem.hint
    assert _choose(trees, exclude_branches=("Jet_*", "w")).features == ("met", "nJet")


def test_branches_that_not_all_files_have_are_left_out_where_the_person_says_so():
    trees = {"a.root": TREE, "b.root": _tree(run="uint32", nJet="int32", met="float32")}

    branches = _choose(trees, missing_branches="common")

    assert branches.features == ("met", "nJet")
    assert branches.warnings == ("left out, because not all files have them: Jet_eta, Jet_pt, w",)


def test_branches_that_not_all_files_have_are_filled_where_the_person_says_so():
    trees = {"a.root": TREE, "b.root": _tree(run="uint32", nJet="int32", met="float32")}
    cut = """{"flat_cut": {"w": {"cut": "w>=2", "remove": "True"}}}"""

    branches = _choose(trees, missing_branches="fill", preproc=cut)

    assert branches.features == ("Jet_eta", "Jet_pt", "met", "nJet")
    assert "w (in 1 of 2 files)" in branches.warnings[0]
    assert list(lacking(list(trees.values()), {"Jet_pt", "met"})) == [
        (),
        (BranchInfo(name="Jet_pt", dtype="float32", jagged=True),),
    ]


@pytest.mark.parametrize("policy", ["error", "common"])
def test_a_branch_that_preproc_reads_and_one_file_lacks_may_be_filled(policy):
    trees = {"a.root": _tree(x="int8", z="int8"), "b.root": _tree(x="int8")}
    preproc = """{"new_branch": {"s": {"def": "x+z", "type": "flat"}, "r": {"def": "2*s", "type": "flat"}}}"""

    with pytest.raises(InvalidRequestError, match=r"'b.root' has no branch 'z', which") as caught:
        _choose(trees, preproc=preproc, missing_branches=policy)

    assert '"missing_branches": "fill"' in caught.value.problem.hint
    assert "s" in _choose(trees, preproc=preproc, missing_branches="fill").features


@pytest.mark.parametrize("policy", ["error", "common", "fill"])
def test_a_file_without_the_label_is_to_be_left_out(policy):
    trees = {"a.root": _tree(x="int8", y="int8"), "b.root": _tree(x="int8")}

    with pytest.raises(InvalidRequestError, match=r"'b.root' has no branch 'y'") as caught:
        _choose(trees, labels=Labels(expression="y"), missing_branches=policy)

    assert "leave that file out" in caught.value.problem.hint


def test_a_label_is_never_filled():
    trees = {"a.root": _tree(x="int8", y="int8"), "b.root": _tree(x="int8")}

    with pytest.raises(InvalidRequestError, match=r"'b.root' has no branch 'y'"):
        _choose(trees, labels=Labels(expression="y"), missing_branches="fill")


@pytest.mark.parametrize(
    "asked",
    [
        {"labels": Labels(expression="s")},
        {"labels": Labels(expression="x>0", beside=("s",))},
        {"weighting": Weighting(expression="s")},
        {"splitting": Splitting(validation="s==1")},
    ],
)
def test_what_a_label_weight_or_split_is_computed_from_is_never_filled(asked):
    trees = {"a.root": _tree(x="int8", y="int8"), "b.root": _tree(x="int8")}
    preproc = """{"new_branch": {"s": {"def": "r>0", "type": "flat"}, "r": {"def": "2*y", "type": "flat"}}}"""

    with pytest.raises(InvalidRequestError, match=r"'b.root' has no branch 'y'") as caught:
        _choose(trees, preproc=preproc, missing_branches="fill", **asked)

    assert "never filled" in caught.value.problem.hint


@pytest.mark.parametrize("policy", ["error", "common"])
def test_what_a_label_is_computed_from_is_not_said_to_be_filled(policy):
    trees = {"a.root": _tree(x="int8", b="int8", y="int8"), "b.root": _tree(x="int8")}
    preproc = """{"new_branch": {"s": {"def": "y>0", "type": "flat"}, "t": {"def": "2*b", "type": "flat"}}}"""

    with pytest.raises(
        InvalidRequestError, match=r"'b.root' has no branch 'y' \(nor b\)"
    ) as caught:
        _choose(trees, preproc=preproc, labels=Labels(expression="s"), missing_branches=policy)

    assert "never filled" in caught.value.problem.hint


def test_what_cuts_need_is_never_left_out():
    trees = {"a.root": _tree(x="int8", y="int8"), "b.root": _tree(x="int8")}
    cut = """{"flat_cut": {"y": {"cut": "y>=2", "remove": "False"}}}"""

    with pytest.raises(InvalidRequestError, match="'y'"):
        _choose(trees, preproc=cut, missing_branches="common")


@pytest.mark.parametrize("other", ["int32", "int64", "bool", "float64"])
def test_another_type_of_numbers_is_fine(other):
    trees = {"a.root": _tree(x="float32"), "b.root": _tree(x=other)}

    assert (_choose(trees).features, _choose(trees).warnings) == (("x",), ())


@pytest.mark.parametrize("other", ["float32[]", "int32[]"])
def test_a_branch_of_another_kind_is_named_with_its_file(other):
    trees = {"a.root": _tree(x="float32"), "b.root": _tree(x=other)}

    with pytest.raises(InvalidRequestError, match=r"'x' is .* in 'a.root' but .* in 'b.root'"):
        _choose(trees)


def test_another_width_of_the_same_kind_is_fine():
    trees = {"a.root": _tree(x="float32"), "b.root": _tree(x="float64")}

    assert _choose(trees).features == ("x",)


def test_what_cannot_be_numbers_is_left_out_with_a_warning():
    tree = _tree(unreadable=[("title", "text"), ("vv", "rows within rows")], x="int8")

    branches = _choose(tree)

    assert branches.features == ("x",)
    assert "title (text), vv (rows within rows)" in branches.warnings[0]
    assert _choose(tree, selected_branches=("x",)).warnings == ()
    assert _choose(tree, exclude_branches=("title", "v*")).warnings == ()


def test_what_cannot_be_numbers_is_refused_when_asked_for():
    tree = _tree(unreadable=[("title", "text")], x="int8")

    with pytest.raises(InvalidRequestError, match=r"'title'.*cannot be numbers: text"):
        _choose(tree, selected_branches=("title",))


def test_an_exclusion_that_matches_nothing_is_mentioned():
    assert "HLT_*" in _choose(exclude_branches=("HLT_*",)).warnings[0]


def test_files_without_entries_are_mentioned():
    trees = {"a.root": TREE, "none.root": replace(TREE, entries=0)}

    assert _choose(trees).warnings == ("no entries in none.root",)


def test_a_file_with_a_single_entry_is_mentioned():
    trees = {"a.root": TREE, "columns.json": replace(TREE, entries=1)}

    (warning,) = _choose(trees).warnings
    assert warning.startswith("one entry only in columns.json; in JSON each entry is an object")


def test_nothing_left_to_learn_from_is_refused():
    with pytest.raises(InvalidRequestError, match="no branch is left"):
        _choose(exclude_branches=("*",))


def test_branches_with_odd_names_can_be_labels():
    assert _choose(_tree(**{"a/b.c": "int32", "x": "int8"}), Labels(expression="a/b.c")).label == (
        "a/b.c",
    )


@pytest.mark.parametrize(
    ("fitting", "says", "file"),
    [
        (Fitting(), "labels.txt: 'mett' is no branch", "labels.txt"),
        (Fitting(labels=(("", ("mett", "Jet_pt")),)), "labels: 'mett' is no branch", "params.json"),
    ],
)
def test_labels_are_refused_where_they_were_written(fitting, says, file):
    with pytest.raises(InvalidRequestError, match=says):
        _choose(labels=Labels(expression="mett", others=("w",)), fitting=fitting)
    with pytest.raises(InvalidRequestError, match="is a row of values") as refused:
        _choose(labels=Labels(expression="Jet_pt", others=("w",)), fitting=fitting)

    assert refused.value.problem.file == file
