"""Bodies of predictions: what is said twice is refused, whatever else texts hold."""

import json

import pytest

from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.jsonbody import loads

LARGE = b'"x": [' + b"0.5, " * 20_000 + b"1]"


@pytest.mark.parametrize(
    "body",
    [
        b'{"keys": ["a"], "values": [1], "keys": ["b"]}',
        b'{"entries": [{"keys": 1}, {"keys": 1, "keys": 2}]}',
        b'{"a": [1, {"keys": 1, "keys": 2}], "text": "a: b"}',
        b'{"keys": NaN, "keys": 1}',
        b'{"keys": 1, "k\\u0065ys": 2}',
        b'{"keys": 1, ' + LARGE + b', "keys": 2}',
    ],
)
def test_a_key_that_is_given_twice_is_refused_by_name(body):
    with pytest.raises(InvalidRequestError, match="the body: 'keys' is given twice"):
        loads(body)


@pytest.mark.parametrize(
    "body",
    [
        b'{"url": "http://a:80/", "b": {"c": "x\\": y"}}',
        b'[1, {"a": 1}, [{"a": 2}, {"a": 3}], "a:", "a" ]',
        b'{"a" : [[1, 2], [3]], "b": []}',
        b"{" + LARGE + b', "b": "a:b"}',
        b"[]",
        b'"a:b"',
    ],
)
def test_colons_in_texts_are_not_keys(body):
    assert loads(body) == json.loads(body)


def test_what_is_nested_too_deeply_is_no_json():
    with pytest.raises(ValueError, match=r"nested|depth|recursion"):
        loads(b'{"a":' * 1020 + b"1" + b"}" * 1020)
