"""What begins before a training is due."""

from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core.requests.request import Params, Resources
from mlaas4hep.errors import PermanentError
from mlaas4hep.oneprocess.frameworkimport import import_framework
from mlaas4hep.settings import Settings

PARAMS = Params()


class Remembering(MemoryTrainer):
    def __init__(self, problem=None):
        self.problem, self.prepared = problem, []

    def prepare(self, job, model_py):
        self.prepared.append((job.resources, model_py))
        if self.problem:
            raise self.problem


def services(trainer):
    return replace(bootstrap.services(Settings()), trainer=trainer)


@pytest.mark.parametrize(
    ("model", "prepared"),
    [("import keras", [(Resources(cpus=1), b"import keras")]), ("", [])],
)
def test_only_what_trains_imports_its_framework_ahead(model, prepared):
    trainer = Remembering()

    import_framework(PARAMS, Resources(cpus=1), model, services(trainer))

    assert trainer.prepared == prepared


def test_a_framework_that_is_not_there_is_told_when_the_training_is_due():
    trainer = Remembering(PermanentError("torch is not installed"))

    import_framework(PARAMS, Resources(), "import torch", services(trainer))

    assert len(trainer.prepared) == 1
