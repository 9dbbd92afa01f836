"""Services with a trainer in memory, and two small files."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.testing import pipeline
from tests import oracle


@pytest.fixture
def services():
    return replace(pipeline.make_services(), trainer=MemoryTrainer())


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(0)
    return [
        oracle.write_tree(
            tmp_path / f"{name}.root", "t", {"x": random.normal(size=20), "y": np.full(20, 3.0)}
        )
        for name in ("background", "signal")
    ]
