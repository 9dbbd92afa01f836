"""What a run is doing, in words for people who wait."""

from dataclasses import replace

import pytest

from mlaas4hep.core.runs.doing import doing
from mlaas4hep.core.runs.pace import Pace
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.report import stages
from mlaas4hep.core.runs.run import Run, Status

RUN = Run(owner="a", name="r_1", folder="r", number=1, created_at=0, updated_at=0)
ALL = Progress().expect(2, 0.0).mark_first(2, 1.0)
HALF = Progress().expect(4, 0.0).mark_first(2, 20.0)
MEASURED = replace(RUN, status=Status.PREPARING, ranges=ALL)
PACE = Pace(first_done=1, first_at=10.0, last_done=2, last_at=20.0)
TRAINING = replace(MEASURED, status=Status.TRAINING, chunks=ALL, rounds=HALF, pace=PACE)


@pytest.mark.parametrize(
    ("run", "stage", "said"),
    [
        (RUN, "specs", "opening files"),
        (RUN, "chunk-preprocess", "waiting for specs"),
        (RUN, "train", "waiting for chunks"),
        (replace(RUN, ranges=HALF), "specs", "20 seconds left"),
        (MEASURED, "specs", ""),
        (MEASURED, "train", "starting Python and TensorFlow, or what else model.py needs"),
        (TRAINING, "train", "20 seconds left, loss 0.3519"),
        (replace(TRAINING, rounds=ALL), "train", "checking and storing the model"),
        (replace(TRAINING, status=Status.CANCELLED), "train", ""),
    ],
)
def test_each_stage_says_what_it_waits_for_or_how_long_it_takes(run, stage, said):
    assert doing(stages(run, 20.0), {"loss": 0.35192})[stage] == said


def test_a_loss_that_is_no_number_is_not_told():
    assert doing(stages(TRAINING, 20.0), {"loss": None})["train"] == "20 seconds left"
