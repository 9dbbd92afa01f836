"""What people are told of the features of a run."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import rundata
from tests import oracle


def test_a_value_far_outside_and_repeated_is_told_with_its_share(tmp_path):
    services = pipeline.make_services()
    rng = np.random.default_rng(3)
    met = rng.exponential(40, 1000).astype(np.float32)
    met[::5] = -999
    branches = {"met": met, "mass": rng.normal(91, 3, 1000).astype(np.float32)}
    file = oracle.write_tree(tmp_path / "a.root", "t", branches)
    done = pipeline.run(services, [file])

    told = {each.branch: each.odd for each in rundata.features(done, services).features}

    assert told["mass"] == ()
    assert [(each.value, round(each.share, 1)) for each in told["met"]] == [(-999, 0.2)]


def test_the_numbers_of_a_branch_of_text_are_told_in_their_order(tmp_path):
    services = pipeline.make_services()
    table = {"flavour": ["mu", "e", "tau", "e"] * 50, "met": np.arange(200.0)}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")
    done = pipeline.run(services, [tmp_path / "a.parquet"])

    told = {each.branch: each.categories for each in rundata.features(done, services).features}

    assert told == {"flavour": ("e", "mu", "tau"), "met": ()}
