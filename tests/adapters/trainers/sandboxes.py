"""Trainings in the sandbox whose model.py does what it may not."""

from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params
from mlaas4hep.errors import PermanentError

QUICK = Params(framework="sklearn")  # imported in a third of the time that Keras takes
JOB = TrainingJob(name="luca_1", params=QUICK, columns=3, chunks=1)


def failure(model_py, job=JOB, **settings):
    """Return the error that a model.py ends with, and what it printed."""
    with Sandbox(**settings).start(job, model_py) as training:
        try:
            while True:
                training.report(60)
        except PermanentError as error:
            return error, training.log()


def body(*lines):
    return "\n    ".join(("def model(idim):", *lines)).encode()
