"""Damaged and hostile files end soon, and as what they are; many more are tried by `python -m fuzz`."""

import pytest

from fuzz.attempts import attempt, change, ring_or_end
from fuzz.files import ROOT_TARGETS


@pytest.mark.parametrize("seed", [11, 12])
def test_changed_files_are_read_or_refused_but_never_an_internal_error(tmp_path, seed):
    ring_or_end(may_end=False)
    ends = set()
    for target in ROOT_TARGETS:
        goods, read = target.seeds(tmp_path), target.make(tmp_path)
        inputs = (change(target, goods, seed, number) for number in range(30))
        ends |= {attempt(read, data, target.seconds) for data in inputs}

    assert ends <= {"read", "InvalidRequestError", "PermanentError"}
    assert len(ends) > 1
