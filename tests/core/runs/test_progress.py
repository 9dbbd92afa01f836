"""Progress counts items, not messages."""

from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.runs.progress import Progress


@given(st.lists(st.integers(0, 300)))
def test_done_is_the_number_of_different_items(items: list[int]) -> None:
    progress = Progress()
    for item in items:
        progress = progress.mark(item, at=1.0)

    assert progress.done == len(set(items))
    assert all(progress.has(item) for item in items)


def test_it_is_never_complete_while_the_total_is_unknown() -> None:
    assert not Progress().mark(0, at=1.0).complete


def test_it_ends_when_the_last_item_is_marked() -> None:
    progress = Progress().expect(2, at=1.0).mark(1, at=2.0)

    ended = progress.mark(0, at=3.0)

    assert (progress.ended_at, ended.ended_at, ended.complete) == (None, 3.0, True)
