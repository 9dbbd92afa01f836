"""Whatever people write is parsed or refused; nothing else ever happens."""

import contextlib
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from mlaas4hep.core.requests.parse import parse_files, parse_labels, parse_params, parse_submission
from mlaas4hep.core.requests.request import Params
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import InvalidRequestError

WORDS = st.sampled_from(
    ["a", "cut", "cut_1", "def", "type", "flat", "jagged", "remove", "True", "all", "n>1", "a+1"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
NEW_BRANCH = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("def", "type", "cut", "cut_1", "remove"), WORDS | JSON)
)


def _objects(keys):
    return st.dictionaries(st.sampled_from(sorted(keys)), JSON, max_size=4)


@settings(max_examples=300, deadline=None)
@given(_objects(Params.__dataclass_fields__))
def test_any_params_are_parsed_or_refused(content):
    with contextlib.suppress(InvalidRequestError):
        parse_params(json.dumps(content), lambda _: None)


@settings(max_examples=300, deadline=None)
@given(_objects({"name", "memory", "cpus", "device", "files", "labels", "title", "fout"}))
def test_any_submission_is_parsed_or_refused(content):
    with contextlib.suppress(InvalidRequestError):
        parse_submission(json.dumps({"name": "luca", **content}).encode())


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["new_branch", "flat_cut", "jagged_cut"]),
        JSON | st.dictionaries(WORDS, NEW_BRANCH, max_size=2),
        max_size=3,
    )
)
def test_any_preproc_is_parsed_or_refused(content):
    with contextlib.suppress(InvalidRequestError):
        Preproc.parse(json.dumps(content))


@given(st.binary(max_size=40))
def test_any_bytes_are_parsed_or_refused(body):
    with contextlib.suppress(InvalidRequestError):
        parse_submission(body)


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_as_files_and_labels(text):
    with contextlib.suppress(InvalidRequestError):
        files = parse_files(text, Params(), str)
        parse_labels(text, files)
