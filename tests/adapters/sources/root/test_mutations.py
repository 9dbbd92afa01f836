"""Damaged and hostile files end soon, and as what they are; many more are tried by `mutations`."""

import pytest

from tests.adapters.sources.root.mutations import attempts, outcome


@pytest.mark.parametrize("seed", [11, 12])
def test_changed_files_are_read_or_refused_but_never_an_internal_error(tmp_path, seed):
    ends = {outcome(path, tree) for *_, path, tree in attempts(seed, 120, tmp_path)}

    assert ends <= {"read", "InvalidRequestError", "PermanentError"}
    assert len(ends) > 1
