"""Chunks whose entries are dealt by chance: the same entries, with all that belongs to them."""

import json

import awkward as ak
import numpy as np
import pytest

from mlaas4hep.core.data.planning.draws import drawn
from mlaas4hep.core.requests.labels import Labels
from mlaas4hep.testing import pipeline
from tests import oracle


@pytest.fixture
def services():
    return pipeline.make_services()


def test_chunks_of_a_file_that_is_sorted_by_its_label_are_mixed(tmp_path, services):
    n = 4000
    path = oracle.write_tree(
        tmp_path / "a.root", "t", {"x": np.arange(float(n)), "s": np.repeat([1.0, 0.0], n // 2)}
    )

    done = pipeline.run(services, [path], labels=Labels(expression="s"), chunk_size=500)

    chunks = pipeline.chunks_of(services, done, 8)
    for chunk in chunks:
        assert chunk.y.mean() == pytest.approx(0.5, abs=0.1)
    x = np.concatenate([chunk.x[:, 0] for chunk in chunks])
    y = np.concatenate([chunk.y for chunk in chunks])
    assert sorted(x) == (np.arange(n) / (n - 1)).astype(np.float32).tolist()
    assert (y == (x < 0.5)).all()
    assert services.source.reads == 2  # specs, and all chunks together


def test_mixed_chunks_keep_rows_holes_and_draws_of_their_entries(tmp_path, services):
    n = 300
    values = np.arange(float(n))
    values[::7] = np.nan
    rows = ak.Array([[float(i)] * (i % 3) for i in range(n)])
    path = oracle.write_tree(
        tmp_path / "a.root", "t", {"x": values, "j": rows, "i": np.arange(n), "s": np.arange(n) % 2}
    )

    done = pipeline.run(services, [path], labels=Labels(expression="s"), chunk_size=70)

    for chunk in pipeline.chunks_of(services, done, 5):
        entry = np.rint(chunk.x[:, 0] * (n - 1)).astype(int)
        assert (np.diff(entry) > 0).all()
        assert chunk.mask[:, 2].tolist() == (entry % 7 == 0).astype(int).tolist()
        assert chunk.counts[0].tolist() == (entry % 3).tolist()
        assert chunk.draws.tolist() == drawn("a.root", entry).tolist()
        assert chunk.y.tolist() == (entry % 2).tolist()


def test_draws_are_those_of_entries_whatever_the_cuts_leave(tmp_path, services):
    path = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(90.0)})
    cut = {"flat_cut": {"x": {"cut": "x>=30", "remove": "False"}}}

    done = pipeline.run(services, [path], preproc=json.dumps(cut), chunk_size=20)

    chunks = pipeline.chunks_of(services, done, 3)
    draws = np.concatenate([chunk.draws for chunk in chunks])
    assert draws.tolist() == drawn("a.root", np.arange(30, 90)).tolist()
