"""The source of input files as functions have it."""

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles


@pytest.fixture
def source():
    return DataFiles(MemoryStore(lambda: 0.0))
