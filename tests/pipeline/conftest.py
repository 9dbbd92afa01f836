"""Services over memory."""

import pytest

from mlaas4hep.testing import pipeline


@pytest.fixture
def services():
    return pipeline.make_services()
