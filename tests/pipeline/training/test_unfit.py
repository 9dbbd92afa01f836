"""A label that a training refuses is told with its file and entry."""

import json
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core.data.chunk import decode
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.errors import PermanentError, UnfitEntryError
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.pipeline.training.trainingplan import load_plan
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.pipeline.training.trainings import FIRST, prepare

ENTRIES, BAD = 60, 47
CUT = json.dumps({"flat_cut": {"x": {"cut": "x>=10"}}})


class Refusing(MemoryTrainer):
    """A trainer whose process refuses the first entry of class 7, or one that there is not."""

    def __init__(self, services, draw):
        self.services, self.draw = services, draw

    @contextmanager
    def start(self, *_job, **_more):
        """Start it."""
        yield self

    def report(self, _timeout_s):
        """Refuse."""
        plan = load_plan(FIRST, self.services)
        for chunk in range(plan.chunks.chunks):
            held = decode(self.services.chunks.get(plan.chunk_key(chunk)))
            for row in np.flatnonzero(held.y == 7)[:1]:
                draw = int(held.draws[row]) if self.draw is None else self.draw
                raise UnfitEntryError("label 7 does not fit", chunk=chunk, draw=draw, hint="cut it")
        raise AssertionError

    def log(self):
        """Return nothing."""
        return b""


@pytest.fixture
def refused(tmp_path):
    """Return a function that trains on a sample with one odd label, and gives the problem."""

    def refused(labels, draw=None, **request):
        files = [
            oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": np.arange(60.0), "w": w})
            for name, w in {
                "a": np.arange(ENTRIES) % 2.0,
                "b": np.where(np.arange(ENTRIES) == BAD, 7.0, 1.0),
            }.items()
        ]
        services = pipeline.make_services()
        services = replace(services, trainer=Refusing(services, draw))
        prepare(services, files, labels=labels, **request)
        with pytest.raises(PermanentError) as caught:
            list(train(FIRST, services))
        return caught.value.problem

    return refused


@pytest.mark.parametrize("cut", ["", CUT])
def test_file_entry_and_branch_are_named(refused, cut):
    problem = refused(Labels(expression="w"), preproc=cut)

    assert problem.message == f"label 7 does not fit (entry {BAD} of b.root)"
    assert (problem.stage, problem.file, problem.branch) == ("train", "b.root", "w")
    assert problem.hint == "cut it"


def test_what_nobody_finds_is_told_as_it_was(refused):
    problem = refused(Labels(expression="w"), draw=1)

    assert (problem.message, problem.file) == ("label 7 does not fit", "")
