"""The time of a step is over while it makes chunks."""

import awkward as ak
import numpy as np
import pytest

from mlaas4hep.core.runs.events import ChunkPlanned
from mlaas4hep.dispatcher.verdict import Action, CallOutcome, History, judge
from mlaas4hep.errors import OverdueError
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks
from mlaas4hep.pipeline.sourcearound import SourceAround
from mlaas4hep.testing import pipeline
from tests import oracle


class Slow(SourceAround):
    """A source in which a step's time is over before entries from `at` on are read."""

    def __init__(self, source, at):
        super().__init__(source)
        self.at = at

    def read(self, survey, branches, start, stop):
        for block in super().read(survey, branches, start, stop):
            if start >= self.at:
                raise OverdueError(840)
            yield block
            start += block.entries


WIDE, ENTRIES = 2000, 2200  #: so that each chunk is made by itself


def _delivered(tmp_path, at):
    """Deliver the event of three large chunks until the time is over; return what is told then."""
    services = pipeline.make_services()
    counts = [WIDE] + [1] * (3 * ENTRIES - 1)
    file = tmp_path / "a.root"
    pts = ak.unflatten(np.ones(sum(counts), np.float32), counts)
    oracle.write_tree(file, "t", {"J": ak.zip({"pt": pts})}, basket=ENTRIES)
    done = pipeline.run(services, [file], chunk_size=ENTRIES, identifier=())
    for info in list(services.chunks.list("")):
        services.chunks.delete(info.key)
    slow = pipeline.with_source(services, Slow(services.source, at))
    event = ChunkPlanned(owner="o", run="r_1", index=0, count=3, specs=done.specs)
    with pytest.raises(OverdueError) as caught:
        list(preprocess_chunks(event, slow))
    return CallOutcome(status=503, problem=caught.value.problem), services


def test_a_step_without_a_chunk_when_its_time_is_over_is_tried_again_and_then_fails_the_run(
    tmp_path,
):
    answer, services = _delivered(tmp_path, at=0)

    first = judge(answer, History(), 840.0, "chunk-preprocess")
    second = judge(answer, first.history, 2 * 840.0, "chunk-preprocess")
    assert not list(services.chunks.list(""))
    assert (first.action, second.action) == (Action.LATER, Action.PARK)
    assert second.problem.file == "a.root"
    assert "840 s" in second.problem.message


def test_a_step_that_made_chunks_when_its_time_is_over_goes_on_with_the_next_ones(tmp_path):
    answer, services = _delivered(tmp_path, at=ENTRIES)

    verdict = History()
    for time in range(1, 6):
        found = judge(answer, verdict, time * 840.0, "chunk-preprocess")
        verdict = found.history
    assert len(list(services.chunks.list(""))) == 1
    assert found.action is Action.LATER
