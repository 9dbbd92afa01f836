"""preproc.json: new branches, cuts and removals."""

import json

import numpy as np
import pytest

from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

ROWS = np.array([0, 2, 2, 3])
COLUMNS = Columns(
    entries=3,
    flat={"n": np.array([0, 2, 4]), "met": np.array([1.0, np.nan, 3.0])},
    jagged={
        "pt": Jagged(content=np.array([100.0, 300.0, 250.0]), offsets=ROWS),
        "eta": Jagged(content=np.array([1.0, -2.0, 0.0]), offsets=ROWS),
    },
)
FLAT, JAGGED = {"n", "met"}, {"pt", "eta"}


def preproc(**sections):
    return Preproc.parse(json.dumps(sections))


def left_after_cuts(made, columns):
    return tuple((count.cut, count.passed) for count in made.applied(columns)[1])


def refusal(text):
    with pytest.raises(InvalidRequestError) as caught:
        Preproc.parse(text if isinstance(text, str) else json.dumps(text))
    return caught.value.problem


def test_an_empty_file_changes_nothing():
    assert Preproc.parse("").apply(COLUMNS) == COLUMNS
    assert Preproc.parse(" \n") == Preproc() == Preproc.parse("{}")


def test_the_example_of_the_ancestor_is_understood():
    # new branches, several cuts on one of them, ranges, removal; as its documentation has it
    example = preproc(
        new_branch={
            "log_pt": {
                "def": "log10(pt)",
                "type": "jagged",
                "cut_2": ["log_pt>2.1", "any"],
                "cut_1": ["log_pt<2.9", "all"],
                "remove": "False",
                "keys_to_remove": ["pt"],
            },
            "n_square": {
                "def": "n**2",
                "type": "flat",
                "cut": "1<=n_square<=16",
                "remove": "True",
                "keys_to_remove": ["n"],
            },
        },
        flat_cut={"met": {"cut": "met<=3", "remove": "False"}},
        jagged_cut={"eta": {"cut": ["abs(eta)<2.5", "all"], "remove": "True"}},
    )

    assert example.defines == ("log_pt", "n_square")
    assert example.reads == {"pt", "n", "met", "eta"}
    assert example.removes == {"pt", "n", "n_square", "eta"}
    assert left_after_cuts(example, COLUMNS) == (
        ("log_pt<2.9 (all)", 3),
        ("log_pt>2.1 (any)", 2),
        ("1<=n_square<=16", 1),
        ("met<=3", 1),
        ("abs(eta)<2.5 (all)", 1),
    )
    result = example.apply(COLUMNS)
    assert result.entries == 1
    assert result.names == ("met", "log_pt")
    assert result.flat["met"].tolist() == [3.0]
    assert result.jagged["log_pt"].content == pytest.approx(np.log10([250.0]))


def test_applying_does_not_change_what_was_given():
    before = {name: values.copy() for name, values in COLUMNS.flat.items()}

    preproc(flat_cut={"n": {"cut": "n>1", "remove": True}}).apply(COLUMNS)

    assert COLUMNS.names == ("n", "met", "pt", "eta")
    for name, values in before.items():
        np.testing.assert_array_equal(COLUMNS.flat[name], values)


@pytest.mark.parametrize(
    ("over", "passed"), [("all", [False, True, True]), ("any", [True, False, True])]
)
def test_an_empty_row_passes_all_and_fails_any(over, passed):
    cut = preproc(jagged_cut={"pt": {"cut": ["pt>200", over]}})

    assert cut.apply(COLUMNS).flat["n"].tolist() == COLUMNS.flat["n"][passed].tolist()


@pytest.mark.parametrize("condition", ["met", "met > 0", "1/met", "met**2 >= 0"])
def test_an_entry_without_a_number_does_not_pass(condition):
    cut = preproc(flat_cut={"met": {"cut": condition}})

    assert cut.apply(COLUMNS).flat["met"].tolist() == [1.0, 3.0]


def test_a_cut_that_nothing_passes_leaves_no_entries():
    nothing = preproc(flat_cut={"n": {"cut": "n/0 < 0"}}).apply(COLUMNS)

    assert nothing.entries == 0
    assert nothing.jagged["pt"].offsets.tolist() == [0]


def test_new_branches_may_use_each_other_in_any_order():
    chained = preproc(
        new_branch={
            "c": {"def": "b + 1", "type": "flat"},
            "b": {"def": "2 * a", "type": "flat"},
            "a": {"def": "n + 1", "type": "flat"},
        }
    )

    assert chained.defines == ("a", "b", "c")
    assert chained.reads == {"n"}
    assert chained.apply(COLUMNS).flat["c"].tolist() == [3, 7, 11]


def test_a_row_of_values_can_be_summed_into_a_flat_branch():
    ht = preproc(new_branch={"HT": {"def": "sum(pt)", "type": "flat", "cut": "HT>200"}})

    assert ht.apply(COLUMNS).flat["HT"].tolist() == [400.0, 250.0]


def test_the_label_can_be_kept_though_it_is_removed():
    removing = preproc(flat_cut={"n": {"remove": "true"}, "met": {"remove": "True"}})

    assert removing.apply(COLUMNS, keep={"n"}).names == ("n", "pt", "eta")


def test_no_entries_in_give_no_entries_out():
    cut = preproc(
        new_branch={"a": {"def": "pt*n", "type": "jagged", "cut": ["a>1", "any"]}},
        flat_cut={"n": {"cut": "n>1"}},
    )

    assert cut.apply(COLUMNS.rows(1, 1)).entries == 0
    assert left_after_cuts(cut, COLUMNS.rows(1, 1)) == (("a>1 (any)", 0), ("n>1", 0))


# What is refused --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "says", "hint"),
    [
        ({"newbranch": {}}, "unknown key 'newbranch'", "did you mean 'new_branch'?"),
        ({"selection": "n>1"}, "unknown key 'selection'", '"flat_cut": {"met": {"cut":'),
        ({"flat_cut": {"n": {"cuts": "n>1"}}}, "unknown key 'cuts'", "did you mean 'cut'"),
        ({"flat_cut": {"n": {"def": "n"}}}, "unknown key 'def'", ""),
        ({"flat_cut": {"n": "n>1"}}, "flat_cut 'n' is 'n>1', not an object", ""),
        ({"flat_cut": []}, "flat_cut is [], not an object", ""),
        ({"flat_cut": {"n": {"cut": ["n>1", "all"]}}}, "not a text", "0<=n<=2"),
        ({"jagged_cut": {"pt": {"cut": "pt>1"}}}, "jagged_cut 'pt': cut", '["pt>200", "all"]'),
        ({"jagged_cut": {"pt": {"cut": ["pt>1", "some"]}}}, "some", "any"),
        ({"flat_cut": {"n": {"remove": "yes"}}}, "remove is 'yes'", '"True" or "False"'),
        ({"flat_cut": {"n": {"cut": "n >"}}}, "flat_cut 'n': cut: expression 'n >', column 4", ""),
        ({"flat_cut": {"n": {"cut": "sqr(n)>1"}}}, "no function 'sqr'", "did you mean"),
        ({"new_branch": {"a": {"def": "n"}}}, "new_branch 'a' has no 'type'", ""),
        ({"new_branch": {"a": {"def": "n", "type": "int"}}}, "type is 'int'", ""),
        ({"new_branch": {"a b": {"def": "n", "type": "flat"}}}, "'a b' cannot be", ""),
        ({"new_branch": {"pi": {"def": "n", "type": "flat"}}}, "'pi' cannot be", ""),
        ({"new_branch": {"a": {"def": 3, "type": "flat"}}}, "3 is not a text", ""),
        (
            {"new_branch": {"a": {"def": "a+1", "type": "flat"}}},
            "defined by each other or themselves: a",
            "a name of its own",
        ),
    ],
)
def test_a_mistake_is_refused_where_it_stands(content, says, hint):
    problem = refusal(content)

    assert says in problem.message
    assert hint in problem.hint


def test_broken_json_is_refused_with_line_and_column():
    assert "preproc.json is not JSON: line 2, column 1" in refusal('{"flat_cut": {},\n}').message


def test_a_key_given_twice_is_refused():
    assert (
        "'cut' is given twice" in refusal('{"flat_cut": {"n": {"cut": "n", "cut": "n"}}}').message
    )


@pytest.mark.parametrize(
    ("sections", "says", "hint"),
    [
        (
            {"new_branch": {"n": {"def": "met", "type": "flat"}}},
            "the files have a branch of this name",
            "another name",
        ),
        (
            {"new_branch": {"a": {"def": "pt*2", "type": "flat"}}},
            "'a' is declared flat, but 'pt*2' is jagged",
            '"type": "jagged"',
        ),
        (
            {"new_branch": {"a": {"def": "sum(pt)", "type": "jagged"}}},
            "'a' is declared jagged, but 'sum(pt)' is flat",
            '"type": "flat"',
        ),
        ({"flat_cut": {"pt": {"cut": "pt>2"}}}, "'pt>2' is jagged", 'jagged_cut: "cut": ["pt>2"'),
        ({"jagged_cut": {"n": {"cut": ["n>2", "all"]}}}, "'n>2' is flat", 'flat_cut: "cut": "n>2"'),
        ({"flat_cut": {"x": {"cut": "mett>2"}}}, "no branch 'mett'", "did you mean 'met'"),
    ],
)
def test_what_does_not_fit_the_file_is_refused_with_and_without_data(sections, says, hint):
    wrong = preproc(**sections)

    with pytest.raises(InvalidRequestError) as at_check:
        wrong.check(FLAT, JAGGED)
    with pytest.raises(InvalidRequestError) as at_apply:
        wrong.apply(COLUMNS)

    for caught in (at_check, at_apply):
        assert says in caught.value.problem.message
        assert hint in caught.value.problem.hint


def test_removing_what_is_not_there_is_refused():
    wrong = preproc(new_branch={"a": {"def": "n", "type": "flat", "keys_to_remove": ["ett"]}})

    with pytest.raises(InvalidRequestError, match="no branch 'ett' to remove") as caught:
        wrong.check(FLAT, JAGGED)

    assert caught.value.problem.hint == "did you mean 'met' or 'eta'?"


def test_what_fits_the_file_is_accepted():
    preproc(
        new_branch={"a": {"def": "pt*n", "type": "jagged", "keys_to_remove": ["n"]}},
        jagged_cut={"a": {"cut": ["a>1", "any"], "remove": True}},
    ).check(FLAT, JAGGED)


def test_a_constant_that_is_also_a_branch_is_refused():
    made = preproc(new_branch={"z": {"def": "met * pi", "type": "flat"}})
    branch = preproc(new_branch={"z": {"def": 'met * get("pi")', "type": "flat"}})

    made.check(FLAT, JAGGED)
    branch.check(FLAT | {"pi"}, JAGGED)
    with pytest.raises(InvalidRequestError) as caught:
        made.check(FLAT | {"pi"}, JAGGED)

    assert "pi is a constant, and there is a branch 'pi', too" in caught.value.problem.message
    assert 'get("pi")' in caught.value.problem.hint
