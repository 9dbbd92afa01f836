from mlaas4hep.core.data.tree import BranchInfo
from mlaas4hep.core.models.bundle.gap import Gap, RowLengths, gaps_of
from mlaas4hep.core.selection.openedfiles import OpenedFile


def branch(name):
    return BranchInfo(name=name, dtype="float32", jagged=True)


def lacking(*names, like=()):
    return OpenedFile(
        name="a",
        url="a",
        tree="t",
        identity="",
        entries=1,
        lacks=tuple(map(branch, names)),
        like=like,
    )


def test_what_any_file_lacks_is_a_gap_with_all_that_its_rows_are_as_long_as():
    files = [
        lacking("iso", like=(("iso", "pt"),)),
        lacking("iso", "pt", like=(("iso", "eta"), ("pt", "eta"))),
        lacking(),
    ]

    assert gaps_of(files) == (
        Gap(branch=branch("iso"), like=("eta", "pt")),
        Gap(branch=branch("pt"), like=("eta",)),
    )


def test_rows_are_as_long_as_those_of_a_branch_that_is_there():
    gaps = (
        Gap(branch=branch("iso"), like=("pt",)),
        Gap(branch=branch("pt"), like=("eta", "iso")),
        Gap(branch=branch("eta"), like=()),
    )

    assert RowLengths(gaps).filled_by({"iso", "pt", "eta"}) == {}
    assert RowLengths(gaps).filled_by({"pt", "eta"}) == {"iso": "pt"}
    assert RowLengths(gaps).filled_by({"eta"}) == {"iso": "eta", "pt": "eta"}
    assert RowLengths(gaps).filled_by({"met"}) == {"iso": "", "pt": "", "eta": ""}


def test_many_branches_whose_rows_are_as_long_as_each_others_are_searched_once():
    names = [f"b{number}" for number in range(40)]  # paths through all of them are beyond counting
    gaps = [Gap(branch=branch(name), like=tuple(names)) for name in names]

    assert RowLengths(gaps).filled_by(set()) == dict.fromkeys(names, "")
    assert RowLengths(gaps).filled_by({"b7"}) == dict.fromkeys(sorted({*names} - {"b7"}), "b7")
