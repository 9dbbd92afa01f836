"""Event files, read back with TensorBoard's own reader."""

import sys
from types import ModuleType

import pytest

from mlaas4hep.adapters.eventfile import event_file

ROUNDS = [{"loss": 0.7, "val_loss": 0.8}, {"loss": 0.5, "val_loss": None}, {"loss": 0.4}]


@pytest.fixture(autouse=True)
def _without_tensorflow(monkeypatch):
    """Let TensorBoard read with its own code, as it does where it finds this module."""
    notf = "tensorboard.compat.notf"
    monkeypatch.setitem(sys.modules, notf, ModuleType(notf))


def read(folder, body):
    from tensorboard.backend.event_processing.event_accumulator import (  # noqa: PLC0415
        EventAccumulator,
    )

    (folder / "events.out.tfevents.luca_1").write_bytes(body)
    found = EventAccumulator(str(folder))
    found.Reload()
    return {
        tag: [(one.step, one.value) for one in found.Scalars(tag)]
        for tag in found.Tags()["scalars"]
    }


def test_every_figure_is_a_scalar_at_its_round_and_final_ones_stand_at_the_last(tmp_path):
    body = event_file(ROUNDS, {"loss": 0.4, "test_auc": 0.9}, 1e9)

    found = read(tmp_path, body)

    assert found == {
        "loss": [(0, pytest.approx(0.7)), (1, 0.5), (2, pytest.approx(0.4))],
        "val_loss": [(0, pytest.approx(0.8))],
        "test_auc": [(2, pytest.approx(0.9))],
    }
    assert body == event_file(ROUNDS, {"loss": 0.4, "test_auc": 0.9}, 1e9)


def test_a_run_without_a_round_is_an_empty_file_that_is_read(tmp_path):
    assert read(tmp_path, event_file([], {}, 1e9)) == {}
