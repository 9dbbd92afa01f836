"""Functions that several tests ask."""

import pytest

from tests.faas.server.doors import Impatient, Patient, serving
from tests.faas.server.served import ASGI, served


@pytest.fixture(scope="module")
def asgi_function(tmp_path_factory):
    with served(tmp_path_factory.mktemp("asgi"), ASGI) as function:
        function.wait_until_up()
        yield function


@pytest.fixture(scope="module")
def door():
    with serving(Patient) as address:
        yield address


@pytest.fixture(scope="module")
def impatient_door():
    with serving(Impatient) as address:
        yield address
