"""What people are told of the features of a run."""

import numpy as np

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
