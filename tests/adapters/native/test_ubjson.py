"""What XGBoost would read for ever is refused; what it writes is not."""

import numpy as np
import pytest

from mlaas4hep.adapters.native import ubjson

DEEP = b"[" * 100_000
GOOD = (
    b"{i\x01a[$l#L\0\0\0\0\0\0\0\x02"
    + bytes(8)
    + b"i\x01b[SU\x02hiTNZ]i\x01c[#i\x02d"
    + bytes(4)
    + b"T}"
)


def test_what_xgboost_writes_is_walked_to_its_end():
    xgboost = pytest.importorskip("xgboost", reason="it is an extra")
    x = np.random.default_rng(1).random((200, 4))
    for booster in ("gbtree", "dart"):
        trees = xgboost.XGBClassifier(n_estimators=5, booster=booster, n_jobs=1)
        written = bytes(trees.fit(x, x[:, 0] > 0.5).get_booster().save_raw("ubj"))

        ubjson.check(written)
        with pytest.raises(ValueError, match="cut short"):
            ubjson.check(written[:-1])


def test_all_kinds_of_values_are_known():
    ubjson.check(GOOD)


@pytest.mark.parametrize("end", range(1, len(GOOD)))
def test_what_is_cut_short_is_refused(end):
    with pytest.raises(ValueError, match="cut short"):
        ubjson.check(GOOD[:end])


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"[\xff", "byte 1 is ff"),
        (b"[$\xff#i\x01a", "byte 2 is ff"),
        (b"{$i#i\x01a", "byte 2 is 69"),
        (b"{S\x01", "byte 1 is 53"),
        (b"[$L#L" + b"\x7f" * 8, "cut short"),
        (b"[$L#i\xff", "cut short"),
        (b"Si\xff", "cut short"),
        (DEEP, "nested"),
        (b"", "cut short"),
    ],
)
def test_what_no_reader_comes_to_the_end_of_is_refused(data, what):
    with pytest.raises(ValueError, match=what):
        ubjson.check(data)
