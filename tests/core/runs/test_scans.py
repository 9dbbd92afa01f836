"""How a trial of a scan stands after a look at its run."""

import math
from dataclasses import replace

from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.scans import Trial

TRIAL = Trial(number=0, run="r_2", values=(("epochs", 1),))


def done(**metrics):
    run = Run(owner="o", name="r_2", number=2, folder="r", created_at=0.0, updated_at=0.0)
    return replace(run, status=Status.DONE, metrics=tuple(metrics.items()))


def test_a_trial_has_the_figure_of_its_run():
    after = TRIAL.after(done(val_loss=0.5), "val_loss", (0.6, 0.5))

    assert after == replace(TRIAL, status="done", figure=0.5, rounds=(0.6, 0.5))


def test_a_figure_that_is_no_number_is_no_success():
    after = TRIAL.after(done(val_loss=math.nan), "val_loss", ())

    assert (after.status, after.problem) == ("failed", "its val_loss is no number")
