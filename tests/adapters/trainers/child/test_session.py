"""A training's own process, before it builds a model."""

import pytest

from mlaas4hep.adapters.trainers.channel import Channel
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.child.session import Session
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params, Resources


def test_a_gpu_that_the_confinement_hides_is_refused_and_not_replaced_by_processors(tmp_path):
    ours, theirs = Channel.pair()
    wanted = Resources(device="gpu")
    job = TrainingJob(name="m", params=Params(), columns=1, chunks=1, resources=wanted)
    session = Session(
        channel=theirs, job=job, work=tmp_path, isolation=("rlimits", "seccomp"), frameworks=()
    )

    with pytest.raises(TrainingError, match=r"asks for a GPU, .*\(seccomp\)") as refused:
        session.train(1, 1.0)

    assert '"device": "cpu"' in refused.value.hint
    ours.close()
    theirs.close()
