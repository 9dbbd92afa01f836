"""JSON as people write it, and the entry of the mistake when it is wrong."""

import json

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.json.entries import whole_objects
from mlaas4hep.errors import InvalidRequestError
from tests import oracle


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))


def _write(folder, text):
    path = folder / "a.json"
    path.write_text(text)
    return str(path)


def _entries(source, path):
    info = source.describe(path, "")
    names = [branch.name for branch in info.branches]
    blocks = source.read(source.survey(path, "", names), names, 0, info.entries)
    return [entry for block in blocks for entry in oracle.entries_of(block)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"x":1}\n\n{"x":2}', [{"x": 1}, {"x": 2}]),
        ('\ufeff[\n{"x":1},\n {"x":2}\n]\n', [{"x": 1}, {"x": 2}]),
        ('{"x":1}{"x":2}', [{"x": 1}, {"x": 2}]),
        (json.dumps([{"x": [1, 2]}, {"x": []}], indent=4), [{"x": [1, 2]}, {"x": []}]),
        ('{"m":{"pt":1.5,"q":{"n":2}}}', [{"m.pt": 1.5, "m.q.n": 2}]),
        ('{"j":[{"pt":1.5,"s":"}],{"},{"pt":2.5}]}', [{"j.pt": [1.5, 2.5]}]),
        ('{"s":"\\\\\\"{","x":1}{"s":"\\\\","x":2}', [{"s": '\\"{', "x": 1}, {"s": "\\", "x": 2}]),
        ('{"b":true}{"b":false}', [{"b": True}, {"b": False}]),
        ('{"x":1}{"x":2.5}', [{"x": 1.0}, {"x": 2.5}]),
        ('{"x":Infinity}{"x":1}', [{"x": np.inf}, {"x": 1.0}]),
        ('{"n":18446744073709551615}{"n":7}', [{"n": 2**64 - 1}, {"n": 7}]),
        ('{"n":-9223372036854775808}{"n":7}', [{"n": -(2**63)}, {"n": 7}]),
        ('{"n":18446744073709551616}{"n":0.5}', [{"n": 2.0**64}, {"n": 0.5}]),
        ('{"n":18446744073709551615.0}{"n":0.5}', [{"n": 2.0**64}, {"n": 0.5}]),
        ('{"n":123456789012345680000}{"n":0.5}', [{"n": 123456789012345680000.0}, {"n": 0.5}]),
        (
            '{"n":123456789012345680000}{"n":Infinity}',
            [{"n": 123456789012345680000.0}, {"n": np.inf}],
        ),
    ],
)
def test_what_people_write_is_read(source, tmp_path, text, expected):
    assert _entries(source, _write(tmp_path, text)) == expected


def test_what_is_missing_is_nan_or_an_empty_row(source, tmp_path):
    first, second = _entries(source, _write(tmp_path, '{"x":1,"J":[1]}{"x":null}'))

    assert (first, second["J"]) == ({"x": 1, "J": [1]}, [])
    assert np.isnan(second["x"])


def test_values_of_mixed_depth_are_left_out_by_name(source, tmp_path):
    text = '{"x":1,"y":1,"z":[1],"v":[[[1]]],"s":"a"}{"x":[1],"y":2,"z":[[1]],"v":[],"s":"b"}'
    info = source.describe(_write(tmp_path, text), "")

    assert [branch.name for branch in info.branches] == ["y", "s"]
    assert dict(info.unreadable) == {
        "x": "values of different kinds",
        "z": "values of different kinds",
        "v": "rows within rows within rows",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[{"x":1},{"x":2},{"x"', "in the middle of entry 2"),
        ('[{"x":1},{"x":2}', "in the middle of entry 2"),
        ('{"x":1}{"x":', "in the middle of entry 1"),
        ("[1,2,3]", "entry 0 is no object"),
        ("42", "neither with { nor with ["),
        ('{"x":1} foo {"x":2}', "there is 'f' where an object should begin"),
        ('{"x":1}{"x":1,,}', "entry 1 is no JSON: "),
        ('{"x":1}\n' * 200_000 + '{"x":0x10}', "entry 200000 is no JSON: "),
        ('[{"x":1},{"x":2}]\n{"x":3}', """'{"x":3}' stands behind the end of the array"""),
        ('{"x":1}{"x":' + "[" * 3000 + "]" * 3000 + "}", "entry 1 is nested more than 100 deep"),
        ('{"x":1}' + '{"x":' * 3000 + "1" + "}" * 3000, "entry 1 is nested more than 100 deep"),
        ('{"x":1}{"x":2,"x":3}', "entry 1 has 'x' more than once"),
        ('{"x":[{"y":1,"y":1}]}', "entry 0 has 'y' more than once"),
        ('{"x":1}\n{"x":-1e400}', "entry 1 has the number -1e400, which is larger than a double"),
    ],
)
def test_a_mistake_is_named(source, tmp_path, text, words):
    with pytest.raises(InvalidRequestError, match=r"a\.json") as caught:
        _entries(source, _write(tmp_path, text))

    assert words in str(caught.value)


def test_a_line_that_is_not_utf_8_is_named_wherever_it_stands(source, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b'{"x":1}\n' * 200_000 + b'{"x":2,"s":"\xff"}\n')

    with pytest.raises(InvalidRequestError, match=r"a\.json': line 200001 is not a text in UTF-8"):
        _entries(source, str(path))


@pytest.mark.parametrize("other", ["0.5", "NaN"])  # pyarrow does not know NaN, Python does
@pytest.mark.parametrize(
    "form", ['{"n":%s}', '{"n":[1.5,%s]}', '{"n":{"x":%s}}', '{"n":[{"x":%s}]}']
)
@pytest.mark.parametrize("number", [2**53 + 1, -(2**53) - 1, 2**64 - 1, 10**25 + 1, 10**400])
def test_digits_that_would_be_lost_are_refused(source, tmp_path, form, number, other):
    with pytest.raises(InvalidRequestError, match=rf"entry 0 has .*{number}") as caught:
        _entries(source, _write(tmp_path, form % number + form % other + form % 0.5))

    assert (caught.value.problem.branch, "would be lost" in str(caught.value)) == ("n", True)


@pytest.mark.parametrize("form", ['{"x":%s}', '{"x":[%s]}', '{"x":{"y":%s}}'])
def test_a_decimal_number_that_comes_late_has_a_cure_that_works(source, tmp_path, form):
    lines = [form % 3] * 2000 + [form % 0.5]
    with pytest.raises(InvalidRequestError, match="entry 2000") as caught:
        _entries(source, _write(tmp_path, "\n".join(lines)))
    assert "write it with a point in the first entry, 3.0 and not 3" in caught.value.problem.hint

    cured = _entries(source, _write(tmp_path, "\n".join([form % 3.0, *lines[1:]])))

    assert "0.5" in str(cured[2000])


def test_a_late_mistake_in_a_row_says_what_rows_held_before(source, tmp_path):
    path = tmp_path / "a.json"
    path.write_text('{"x": [1]}\n' * 2000 + '{"x": [1.5]}\n')
    survey = source.survey(str(path), "", ["x"])

    with pytest.raises(InvalidRequestError, match="a list, each value of it a whole number before"):
        list(source.read(survey, ["x"], 0, 2001))


def test_kinds_are_held_and_a_late_mistake_is_named_with_its_entry(source, tmp_path):
    lines = [f'{{"x":{number},"pad":"{"p" * 40}"}}' for number in range(60_000)]
    lines[40_000] = '{"x":"abc"}'

    with pytest.raises(InvalidRequestError, match="entry 40000 has 'abc' as 'x'"):
        _entries(source, _write(tmp_path, "\n".join(lines)))


@pytest.mark.parametrize("value", ['2,"x":3', "1e400"])
def test_a_late_value_that_is_not_one_is_refused(source, tmp_path, value):
    path = _write(tmp_path, '{"x":1.5}\n' * 3000 + f'{{"x":{value}}}\n')

    with pytest.raises(InvalidRequestError, match="entry 3000 has"):
        _entries(source, path)


def test_whole_numbers_below_0_and_above_what_has_a_sign_are_left_out(source, tmp_path):
    info = source.describe(_write(tmp_path, '{"n":18446744073709551615}{"n":-1}'), "")

    assert (info.branches, info.unreadable) == ((), (("n", "values of different kinds"),))


def test_a_late_number_below_0_is_named_where_all_were_without_a_sign(source, tmp_path):
    lines = ['{"x":18446744073709551615}'] * 300_000
    lines[150_001] = '{"x":-1}'

    with pytest.raises(InvalidRequestError, match="entry 150001 has '-1' as 'x'"):
        _entries(source, _write(tmp_path, "\n".join(lines)))


def test_objects_are_counted_wherever_quotes_and_brackets_are():
    data = rb'{"a":"{\"}"} , {"b":[{"c":"]"}]}{"d'

    assert (whole_objects(data).count, whole_objects(data).stop) == (2, data.rfind(b"{"))


@pytest.mark.parametrize("late", ['{"x":1,"y":3}', '{"x":1,"m":{"y":3}}', '{"x":1,"l":[3]}'])
def test_a_name_that_only_a_late_entry_has_is_a_branch(source, tmp_path, late):
    path = _write(tmp_path, '{"x":1}\n' * 5000 + late + '\n{"x":2}' * 5000)

    names = {branch.name for branch in source.describe(path, "").branches}

    assert names == {"x", {"y": "y", "m": "m.y", "l": "l"}[late.split('"')[3]]}
    assert _entries(source, path)[5000].keys() == names
