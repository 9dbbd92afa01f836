"""What is kept of the chunks when a training has ended."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.splitchunk import SplitChunk
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.sample.split import Split
from tests.adapters.trainers.conftest import make_job


@pytest.mark.parametrize(
    ("entries", "held_out"), [(2000, np.arange(1000, 1300)), (100, np.arange(90, 100))]
)
def test_conversions_are_tried_on_entries_first_that_nobody_learned_from(entries, held_out):
    x = np.arange(entries, dtype=np.float32)[:, None]
    counts, none = np.zeros((0, entries), np.uint8), np.empty(0, int)
    chunk = decode(encode(x, np.zeros(entries, np.float32), widths=(), counts=counts, holes=none))
    train = np.setdiff1d(np.arange(entries), held_out)
    split = Split(train=train, validation=held_out[5:], test=held_out[:5])
    results = Results(None, make_job(chunks=1, columns=1))

    results.collect([SplitChunk(index=0, chunk=chunk, x=chunk.x, split=split)])

    first = [*held_out, *train][:256]
    assert results.sample[:, 0].astype(int).tolist() == first
