"""Slicing and choosing entries keeps every row whole."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mlaas4hep.core.data.columns import Columns, Jagged


def table(rows: list[list[int]]) -> Columns:
    counts = [len(row) for row in rows]
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    jets = Jagged(content=np.array([v for row in rows for v in row], np.int32), offsets=offsets)
    return Columns(
        entries=len(rows), flat={"n": np.array(counts)}, jagged={"jet": jets, "other": jets}
    )


def lists(columns: Columns) -> list[list[int]]:
    jets = columns.jagged["jet"]
    return [
        jets.content[jets.offsets[i] : jets.offsets[i + 1]].tolist() for i in range(columns.entries)
    ]


ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=4), max_size=8)


@given(ROWS, st.data())
def test_rows_are_a_window(rows: list[list[int]], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))

    window = table(rows).rows(start, stop)

    assert lists(window) == rows[start:stop]
    assert window.jagged["jet"].offsets is window.jagged["other"].offsets


@given(ROWS, st.data())
def test_keep_drops_whole_entries(rows: list[list[int]], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))

    kept = table(rows).keep(np.array(chosen, bool))

    assert lists(kept) == [row for row, keep in zip(rows, chosen, strict=True) if keep]
    assert kept.flat["n"].tolist() == [len(row) for row in lists(kept)]


def test_only_leaves_the_other_branches_out() -> None:
    assert table([[1]]).only(["jet"]).names == ("jet",)
