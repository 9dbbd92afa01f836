"""Files of data over a store in memory."""

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles


@pytest.fixture
def store():
    return MemoryStore(lambda: 0.0)


@pytest.fixture
def source(store):
    return DataFiles(store)
