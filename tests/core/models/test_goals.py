"""Which numbers of a model are for which label."""

from mlaas4hep.core.models.goals import Goal, by_label

WHOLE = Goal(label="isB", column=1, start=3, width=2, loss="bce", task="binary", output="tags")


def test_one_label_has_all_numbers_of_its_output():
    assert by_label(WHOLE, ["isB"]) == (WHOLE,)


def test_several_labels_have_a_number_each():
    found = by_label(WHOLE, ["isB", "isC"])

    assert [(one.label, one.column, one.start, one.width) for one in found] == [
        ("isB", 1, 3, 1),
        ("isC", 2, 4, 1),
    ]
    assert {(one.loss, one.task, one.output) for one in found} == {("bce", "binary", "tags")}


def test_where_numbers_and_labels_differ_only_the_loss_knows():
    assert by_label(WHOLE, ["isB", "isC", "isS"]) == ()
