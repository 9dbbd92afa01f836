"""What a quota asks for, however much an owner has."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core import keys
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import QuotaError
from mlaas4hep.http.workflow.context import limits_of
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import quotas
from tests.dispatcher.stores import Counted


class CountedRuns(MemoryRunBook):
    """A run book that counts its lists."""

    lists = 0

    def list(self, owner=None):
        self.lists += 1
        return super().list(owner)


@pytest.fixture
def services():
    made = replace(
        pipeline.make_services(), runs=CountedRuns(lambda: 0.0), models=Counted(lambda: 0.0)
    )
    for model in range(3):
        for file in range(5):
            made.models.put(keys.model_file("o", f"m{model}", "1", f"f{file}"), b"")
    return made


def limits(**most):
    return replace(limits_of(Settings()), **most)


def test_a_submission_asks_once_for_the_runs_and_for_no_file_of_a_model(services):
    quotas.check_trainings("o", services, limits(max_runs=1, max_models=4))

    assert services.runs.lists == 1
    assert services.models.asked == {}


def test_models_that_are_trained_count_beside_those_that_are_there(services):
    run = Run(owner="o", name="luca_1", folder="luca", number=1, created_at=0, updated_at=0)
    services.runs.create(run)

    quotas.check_trainings("o", services, limits(max_runs=2, max_models=5))
    with pytest.raises(QuotaError, match="4 models"):
        quotas.check_trainings("o", services, limits(max_runs=2, max_models=4))
    with pytest.raises(QuotaError, match="1 of your runs"):
        quotas.check_trainings("o", services, limits(max_runs=1, max_models=5))
