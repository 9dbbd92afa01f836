"""CSV as people write it, and the line of the mistake when it is wrong."""

import gzip
import tracemalloc
from contextlib import contextmanager

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.csv.head import MAX_HEAD_BYTES
from mlaas4hep.adapters.sources.csv.rows import MAX_LINE_BYTES
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.errors import InvalidRequestError, TooLargeError


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _write(folder, content, name="a.csv"):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(path)


def _columns(source, path):
    info = source.describe(path, "")
    names = [branch.name for branch in info.branches]
    blocks = list(source.read(source.survey(path, "", names), names, 0, info.entries))
    return {n: np.concatenate([b.flat[n] for b in blocks]).tolist() for n in names}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x,n\n1.5,2\n2.5,3\n", {"x": [1.5, 2.5], "n": [2, 3]}),
        ("\ufeffx;n\r\n1.5;2\r\n\r\n2.5;3", {"x": [1.5, 2.5], "n": [2, 3]}),
        ("x\tn\n1\t2\n", {"x": [1], "n": [2]}),
        ("# a comment\n# x,n\n1,2\n", {"x": [1], "n": [2]}),
        ("# made by us\nx,n\n1,2\n", {"x": [1], "n": [2]}),
        ('"x",n\n"1",2\n', {"x": [1], "n": [2]}),
        ('s,n\n"a\nb",2\n"c""d,",3\n', {"s": ["a\nb", 'c"d,'], "n": [2, 3]}),
        ("t,n\ntrue,1\nfalse,0\n", {"t": [True, False], "n": [1, 0]}),
        ("x,n\ninf,1\n-inf,2\n", {"x": [np.inf, -np.inf], "n": [1, 2]}),
        ("n\n9223372036854775807\n", {"n": [2**63 - 1]}),
        ("n,x\n18446744073709551615,1.5\n7,2\n", {"n": [2**64 - 1, 7], "x": [1.5, 2]}),
        ("x;n\n1,5;2\n-2,5e1;3\n", {"x": [1.5, -25], "n": [2, 3]}),
        ("x;n\n1,5;18446744073709551615\n-2,5e1;3\n", {"x": [1.5, -25], "n": [2**64 - 1, 3]}),
        ("x|n\n1.5|2\n", {"x": [1.5], "n": [2]}),
        ("sep=;\nx,y;n\n1,5;2\n", {"x,y": [1.5], "n": [2]}),
        ('\ufeff"sep=,"\r\n# x,n\r\n1.5,2\r\n', {"x": [1.5], "n": [2]}),
        ('"a,b,c";n\n1;2\n', {"a,b,c": [1], "n": [2]}),
        ("s , t, n\nqcd , b, 2\n", {"s": ["qcd"], "t": ["b"], "n": [2]}),
        ("run,0,1\n5,6,7\n", {"run": [5], "0": [6], "1": [7]}),
        ("track id\n7\n", {"track id": [7]}),
    ],
)
def test_what_people_write_is_read(source, tmp_path, text, expected):
    assert _columns(source, _write(tmp_path, text)) == expected


def test_what_is_missing_is_nan(source, tmp_path):
    found = _columns(source, _write(tmp_path, "x,n\n1.5,\n,3\nnan,4\n"))

    assert np.isnan(found["x"]).tolist() == [False, True, True]
    assert found["n"][1:] == [3, 4]
    assert np.isnan(found["n"][0])


def test_text_and_dates_are_categories(source, tmp_path):
    info = source.describe(_write(tmp_path, "x,s,d\n1,a,2020-01-02 10:00:00\n"), "")

    assert [branch.name for branch in info.branches if branch.is_text] == ["s", "d"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x,n\n1,2\n\n3\n", "line 4 has 1 values, not 2"),
        ("x,n\n1,2\n3,4,5\n", "line 3 has 3 values, not 2"),
        ('x,s\n1,"a\nb"\n2\n', "line 4 has 1 values, not 2"),
        ('x,s\n1,"a\n2,3\n', "line 2 has a quote that is never closed"),
        ("x\n1\n" + 'y"\n', "line 3 has a quote that is never closed"),
        ('x,s\n1,5" pipe\n2,6" pipe\n3,b\n', "a quote inside a value without quotes"),
        ("x,x\n1,2\n", "two columns are called 'x'"),
        ("1,2\n3,4\n", "numbers where the names of the columns should be"),
        ("qcd,1.5,2\ntop,,4\n", "line 1 has numbers where the names of the columns should be"),
        ("x  y\n1.5 2\n", "line 1 separates values by spaces"),
        ("# x y\n 1.5 2\n 3.5 4\n", "line 2 separates values by spaces"),
        ("# only a comment\n", "no line with the names"),
        ("x,n\n1,2\n".encode("utf-16"), "not a text in UTF-8"),
        ("t,n\nmü,2\n".encode("latin-1"), "line 2 has 'm\ufffd' in column 't', which is not UTF-8"),
        ("ü,n\n1,2\n".encode("latin-1"), "line 1 is not a text in UTF-8"),
        ("x,n\r1,2\r3,4\r", "line 1 ends in a carriage return alone"),
        (gzip.compress(b"x,n\n" + b"1,2\n" * 999, mtime=0)[:-12], "damaged or not a CSV file"),
    ],
)
def test_a_mistake_is_named_with_its_line(source, tmp_path, text, words):
    with pytest.raises(InvalidRequestError, match=r"a\.csv") as caught:
        _columns(source, _write(tmp_path, text))

    assert words in str(caught.value)


@pytest.mark.parametrize(
    "values",
    ['"1,000"', "1.5D+03", "1.f", "10%", "1_000", "\N{MINUS SIGN}1", "'1.5'", '"[1, 2]"', "1 2 3"],
)
def test_numbers_in_a_spelling_that_is_not_read_are_left_out_by_name(source, tmp_path, values):
    info = source.describe(_write(tmp_path, f"x,n,s\n{values},1,a\n{values},2,2024-01-02\n"), "")

    assert [branch.name for branch in info.branches] == ["n", "s"]
    assert info.unreadable[0][0] == "x"
    assert "looks like numbers" in info.unreadable[0][1]


def test_the_reason_shows_the_spelling_that_is_not_read_and_none_that_is(source, tmp_path):
    info = source.describe(_write(tmp_path, "x,n\n0.5,1\n1_000,2\n7,3\n"), "")

    assert dict(info.unreadable) == {
        "x": "text that looks like numbers: '1_000'; 1.5 or 1.5e3 is read"
    }


@pytest.mark.parametrize("other", ["123456789012345678901234567890", "18446744073709551615\n-1"])
def test_whole_numbers_that_no_type_holds_are_left_out_by_name(source, tmp_path, other):
    info = source.describe(_write(tmp_path, f"n\n1\n{other}\n"), "")

    ((name, why),) = info.unreadable
    assert (name, info.branches) == ("n", ())
    assert "64 bits" in why


@pytest.mark.parametrize("word", ["oops", "None", "?", "-"])
def test_a_word_among_numbers_leaves_the_column_out_by_name(source, tmp_path, word):
    lines = [f"{number},{number % 3}" for number in range(20)]
    lines[7] = f"{word},unknown"

    info = source.describe(_write(tmp_path, "x,s\n" + "\n".join(lines)), "")

    assert [(branch.name, branch.is_text) for branch in info.branches] == [("s", True)]
    assert info.unreadable == (
        ("x", f"{word!r} stands among numbers, first in line 9; nothing there means a missing one"),
    )


@pytest.mark.parametrize("word", ["-", "1.#INF", "?", "#DIV/0!", "None", r"\N", "(null)"])
def test_what_means_nothing_is_no_category_among_few_numbers(source, tmp_path, word):
    info = source.describe(_write(tmp_path, f"x,s\n0.5,a\n{word},{word}\n1.5,b\n"), "")

    assert [(branch.name, branch.is_text) for branch in info.branches] == [("s", True)]
    assert info.unreadable == (
        ("x", f"{word!r} stands among numbers, first in line 3; nothing there means a missing one"),
    )


def test_decimal_points_and_commas_in_one_file_are_not_mixed_up(source, tmp_path):
    info = source.describe(_write(tmp_path, "x;y\n1,5;2.5\n"), "")

    assert [(branch.name, branch.dtype) for branch in info.branches] == [("y", "float64")]
    assert [name for name, _ in info.unreadable] == ["x"]


def test_a_column_without_a_name_is_no_feature(source, tmp_path):
    info = source.describe(_write(tmp_path, ",x\n0,5\n1,6\n"), "")

    assert [branch.name for branch in info.branches] == ["x"]
    assert info.unreadable == (("column_1", "it has no name, as the row numbers of pandas"),)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("abc,1", "has 'abc' in column 'x', which is no number"),
        ("1,2.5", "has '2.5' in column 'n', which is no whole number"),
        ("1,99999999999999999999", "in column 'n', which is too large for 64 bits"),
        ("1", "has 1 values, not 2"),
    ],
)
def test_types_are_held_and_a_late_mistake_is_named_with_its_line(source, tmp_path, bad, words):
    lines = [f"{number}.5,{number}" for number in range(300_000)]
    lines[150_000] = bad

    with pytest.raises(InvalidRequestError, match="line 150002") as caught:
        _columns(source, _write(tmp_path, "x,n\n" + "\n".join(lines)))

    assert words in str(caught.value)


@pytest.mark.parametrize(("point", "separator"), [(".", ","), (",", ";")])
def test_a_decimal_number_between_samples_has_a_cure_that_works(source, tmp_path, point, separator):
    lines = [f"{number}{point}5{separator}{number}" for number in range(100_000)]
    lines[40_000] = f"1{point}5{separator}2{point}5"
    text = f"x{separator}n\n" + "\n".join(lines)
    with pytest.raises(InvalidRequestError, match="line 40002") as caught:
        _columns(source, _write(tmp_path, text))
    assert f"write the column's first value with one, 3{point}0 and" in caught.value.problem.hint

    cured = text.replace(f"{separator}0\n", f"{separator}0{point}0\n", 1)

    assert _columns(source, _write(tmp_path, cured))["n"][39_999:40_001] == [39_999.0, 2.5]


def test_decimal_numbers_that_come_late_are_seen_by_the_samples(source, tmp_path):
    lines = [f"{number}" for number in range(200_000)]
    lines[120_000:] = [f"{number}.5" for number in range(80_000)]

    found = _columns(source, _write(tmp_path, "x\n" + "\n".join(lines)))

    assert found["x"][119_999:120_001] == [119_999.0, 0.5]


def test_a_million_columns_are_refused_before_they_fill_the_memory(source, tmp_path):
    names = ",".join(map(str, range(1_000_000)))
    path = _write(tmp_path, f"c{names}\n{names}\n")

    with _memory(5 * MAX_HEAD_BYTES), pytest.raises(InvalidRequestError, match="line 1 is longer"):
        source.describe(path, "")


def test_more_columns_than_anybody_needs_are_refused(source, tmp_path):
    names = ",".join(f"c{number}" for number in range(100_001))

    with pytest.raises(InvalidRequestError, match="100001 columns, more than 100000"):
        source.describe(_write(tmp_path, f"{names}\n"), "")


def test_one_of_100_000_columns_that_is_there_twice_is_named(source, tmp_path):
    names = ",".join(f"c{number}" for number in (*range(99_999), 99_998))

    with pytest.raises(InvalidRequestError, match="two columns are called 'c99998'"):
        source.describe(_write(tmp_path, f"{names}\n"), "")


def test_a_line_of_100_mb_is_refused_before_it_fills_the_memory(source, tmp_path):
    path = _write(tmp_path, b"x,n\n1," + b"9" * 100_000_000 + b"\n")

    with _memory(3 * MAX_LINE_BYTES), pytest.raises(InvalidRequestError, match="a line is longer"):
        source.describe(path, "")


@contextmanager
def _memory(most):
    """Hold that what is inside never has more bytes at a time."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < most


def test_a_small_file_that_inflates_to_a_disk_is_refused(source, tmp_path):
    bomb = gzip.compress(b"x\n" + b"1\n" * 100_000_000, 9)

    with pytest.raises(TooLargeError, match="inflates to"):
        source.describe(_write(tmp_path, bomb, "a.csv.gz"), "")


@pytest.mark.parametrize(("point", "separator"), [(".", ","), (",", ";")])
@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**64 - 1, 10**25 + 1, 10**400])
def test_digits_that_would_be_lost_are_refused(source, tmp_path, number, point, separator):
    path = _write(tmp_path, f"x{separator}y\n0{point}5{separator}1\n\n{number}{separator}2\n")

    with pytest.raises(InvalidRequestError, match=f"line 4 has the whole number {number} as 'x'"):
        _columns(source, path)


def test_a_long_text_is_no_damage_where_whole_numbers_are_looked_at(source, tmp_path):
    path = _write(tmp_path, f"x,t\n0.5,a\n9007199254740992,{'b' * 200_000}\n")

    assert _columns(source, path)["x"] == [0.5, 2.0**53]


def test_a_mistake_behind_a_long_text_is_named_with_its_line(source, tmp_path):
    path = _write(tmp_path, f"x,t\n1,a\n2,{'b' * 200_000}\n3\n")

    with pytest.raises(InvalidRequestError, match="line 4 has 1 values, not 2"):
        _columns(source, path)


@pytest.mark.parametrize("number", ["9007199254740993.0", "9007199254740992", "1.5e20", "inf"])
def test_large_numbers_of_which_no_digit_is_lost_are_read(source, tmp_path, number):
    path = _write(tmp_path, f"x\n0.5\n{number}\n0.1234567890123456789\n")

    assert _columns(source, path) == {"x": [0.5, float(number), 0.1234567890123456789]}


@pytest.mark.parametrize("text", ["x,y\n1,2\n# more\n3,4\n", "x,y\n1,2\n3,4\n#end"])
def test_a_comment_below_the_names_is_called_so(source, tmp_path, text):
    (tmp_path / "a.csv").write_text(text)

    with pytest.raises(InvalidRequestError, match=r"line [34] is a comment: they stand only"):
        source.describe(str(tmp_path / "a.csv"), "")
