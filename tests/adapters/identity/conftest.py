"""An issuer, and what believes its tokens."""

import time

import pytest

from mlaas4hep.adapters.identity.tokens import Verifier
from tests.adapters.identity.issuers import SETTINGS, Issuer
from tests.clock import Clock


@pytest.fixture
def issuer():
    return Issuer()


@pytest.fixture
def clock():
    return Clock(time.time())


@pytest.fixture
def verifier(issuer, clock):
    return Verifier(SETTINGS, issuer.fetch, clock)
