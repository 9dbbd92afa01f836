"""The specs file: what the ancestor writes can be read, and what we write it can read."""

import json

import pytest

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import RangeCount, Specs
from mlaas4hep.core.data.specs.specsfile import from_ancestor, to_ancestor
from mlaas4hep.errors import InvalidRequestError

SPECS = Specs(
    branches=(
        BranchSpec(name="E", jagged=True, low=None, high=None, width=0),
        BranchSpec(name="J", jagged=True, low=-1.0, high=3.0, width=4, nan=2, inf=1),
        BranchSpec(name="c", jagged=False, low=5.0, high=5.0, width=1),
    ),
    ranges=(
        RangeCount(file=0, start=0, stop=10, passed=4),
        RangeCount(file=1, start=0, stop=20, passed=20),
    ),
)


def test_the_ancestors_keys_are_there():
    body = to_ancestor(SPECS, ["a.root", "b.root"], inputs={"a.root": "1f"})

    assert {key: body[key] for key in ("jdim", "minv", "maxv", "fkeys", "jkeys", "nans")} == {
        "jdim": {"E": 0, "J": 4},
        "minv": {"E": 1e15, "J": -1.0, "c": 5.0},
        "maxv": {"E": -1e15, "J": 3.0, "c": 5.0},
        "fkeys": ["c"],
        "jkeys": ["E", "J"],
        "nans": {"E": 0.0, "J": 0.25, "c": 5.0},
    }
    assert body["events"] == {"a.root": 4, "b.root": 20, "total": 24}
    assert body["inputs"] == {"a.root": "1f"}


def test_what_is_written_is_read():
    body = json.loads(json.dumps(to_ancestor(SPECS, ["a.root", "b.root"])))

    assert from_ancestor(body) == SPECS


def test_a_file_of_the_ancestor_is_read():
    body = {
        "jdim": {"J": 2},
        "minv": {"J": 0.0, "x": 1},
        "maxv": {"J": 4.0, "x": 2},
        "fkeys": ["x"],
        "jkeys": ["J"],
        "nans": {"J": 0.0, "x": -1.0},
        "events": {"/store/a.root": 30, "total": 30},
    }

    specs = from_ancestor(body)

    assert specs.branches == (
        BranchSpec(name="J", jagged=True, low=0.0, high=4.0, width=2),
        BranchSpec(name="x", jagged=False, low=1.0, high=2.0, width=1),
    )
    assert specs.ranges == (RangeCount(file=0, start=0, stop=30, passed=30),)


def test_entries_of_whole_files_can_be_given():
    body = to_ancestor(SPECS, ["a.root", "b.root"], entries=[100, 200])

    assert body["events"] == {"a.root": 100, "b.root": 200, "total": 300}


@pytest.mark.parametrize("body", [{}, {"fkeys": ["x"], "jkeys": [], "minv": {}}, {"fkeys": 1}])
def test_another_file_is_refused(body):
    with pytest.raises(InvalidRequestError, match="not a specs file"):
        from_ancestor(body)
