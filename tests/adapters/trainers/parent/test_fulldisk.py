"""A training that failed on a disk that is full may be tried again."""

import pytest

from mlaas4hep.adapters.trainers.parent.fulldisk import unless_full
from mlaas4hep.errors import PermanentError, ServiceUnavailableError
from tests.laptop.smalldisk import fill, small_disk

FULL = "[Errno 28] No space left on device"
WRONG = PermanentError("model.py, line 3: ValueError: no", stage="train", file="model.py")


def test_a_training_that_fails_with_room_on_the_disk_has_failed(tmp_path):
    assert unless_full(WRONG, tmp_path) is WRONG


def test_whatever_a_training_says_on_a_full_disk_it_may_be_tried_again(tmp_path):
    with small_disk(tmp_path / "disk", 4) as disk:
        fill(disk)
        told = unless_full(WRONG, disk)

    assert isinstance(told, ServiceUnavailableError)
    assert "ValueError: no" in told.problem.message


@pytest.mark.parametrize(("file", "again"), [("", True), ("model.py", False)])
def test_a_disk_that_was_full_a_moment_ago_is_believed_unless_model_py_says_so(
    tmp_path, file, again
):
    error = PermanentError(f"training: OSError: {FULL}", stage="train", file=file)

    assert isinstance(unless_full(error, tmp_path), ServiceUnavailableError) == again
